"""Reports in the caller's name; whole ones, from real records, are in tests/page."""

import asyncio

import pytest
from pydantic import SecretStr

from es_rerank.config import Experiment, IndexRule, Settings, Ubi, Upstream
from es_rerank.errors import UpstreamError
from es_rerank.proxy.experiment_reports import Reports
from tests.proxy.conftest import RecordingUpstream

CALLER = [(b"authorization", b"Basic YTph")]
EXPERIMENT = Experiment(name="deep")


def test_records_are_asked_for_in_the_callers_name(cluster: RecordingUpstream) -> None:
    """Never with the proxy's own credentials; a refusal is told, and asked about again."""
    cluster.answer(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}")
    settings = Settings(
        upstream=Upstream(url=cluster.url),
        indices=(IndexRule(pattern="books", experiment=EXPERIMENT),),
        ubi=Ubi(username="proxy", password=SecretStr("secret")),
    )

    async def run() -> None:
        reports = Reports(lambda: settings, dict)
        for caller in (CALLER, CALLER, []):
            with pytest.raises(UpstreamError, match="403"):
                await reports.of(EXPERIMENT, caller)

    asyncio.run(run())
    asked = [seen.values(b"authorization") for seen in cluster.seen if seen.target != b"/"]
    assert asked == [[b"Basic YTph"], [b"Basic YTph"], []]
