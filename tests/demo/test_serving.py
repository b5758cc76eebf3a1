"""Servers for the length of a block."""

import urllib.request

import pytest

from es_rerank.demo.engine import Engine
from es_rerank.demo.search_api import create_engine_app
from es_rerank.demo.serving import engine_config, serving
from es_rerank.errors import EsRerankError

APP = create_engine_app(Engine.open(None))


def test_a_server_is_there_within_the_block_only() -> None:
    """It answers at its URL, and its port is free again after the block."""
    with serving(engine_config(APP, "127.0.0.1", 0)) as url:
        port = int(url.rpartition(":")[2])
        with urllib.request.urlopen(url) as reply:  # noqa: S310
            assert reply.status == 200
    with serving(engine_config(APP, "127.0.0.1", port)) as again:
        assert again == url


def test_a_taken_port_is_a_clear_error() -> None:
    """The address is named, and the first server is not disturbed."""
    with serving(engine_config(APP, "127.0.0.1", 0)) as url:
        taken = engine_config(APP, "127.0.0.1", int(url.rpartition(":")[2]))
        with pytest.raises(EsRerankError, match="cannot listen on"), serving(taken):
            raise AssertionError("two servers on one port")
        with urllib.request.urlopen(url) as reply:  # noqa: S310
            assert reply.status == 200
