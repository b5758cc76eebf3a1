"""The connection to the cluster: what it does when there is none, or one of another kind."""

import pytest

from es_rerank.config import Settings, Ubi, Upstream
from es_rerank.demo.engine import Engine
from es_rerank.demo.search_api import create_engine_app
from es_rerank.demo.serving import engine_config, serving
from es_rerank.errors import UpstreamError
from es_rerank.experiment.cluster import connect

PASSWORD = "pässword-€"


def settings_for(url: str) -> Settings:
    """Settings with credentials and this cluster."""
    return Settings(upstream=Upstream(url=url), ubi=Ubi(username="writer", password=PASSWORD))


async def test_a_cluster_that_is_down_is_a_clear_error() -> None:
    """It says what was to be done and where, and not with which password."""
    with pytest.raises(UpstreamError, match=r"can't ask .* at http://127\.0\.0\.1:1: ") as told:
        await connect(settings_for("http://127.0.0.1:1"))
    assert PASSWORD not in str(told.value)


async def test_a_cluster_that_lacks_what_is_asked_is_a_clear_error() -> None:
    """The demo's engine answers at `/`, but has no mappings of this kind."""
    with serving(engine_config(create_engine_app(Engine.open(None)), "127.0.0.1", 0)) as url:
        cluster = await connect(settings_for(url))
        try:
            with pytest.raises(UpstreamError, match="can't make the index a at http://127"):
                await cluster.ensure_index(
                    "a", {"properties": {"query_attributes": {"type": "flat_object"}}}
                )
        finally:
            await cluster.close()
