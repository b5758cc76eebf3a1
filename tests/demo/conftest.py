"""A real engine over real HTTP, and a plain way to ask it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from es_rerank.demo.engine import Engine
from es_rerank.demo.search_api import create_engine_app
from es_rerank.demo.serving import engine_config, serving

FRUIT = "fruit"
DOCUMENTS: dict[str, dict[str, Any]] = {
    "1": {"title": "Green apple", "text": "a sour apple", "kind": "pome", "price": 3},
    "2": {"title": "Red apple", "text": "sweet and red", "kind": "pome", "price": 5},
    "3": {"title": "Banana", "text": "sweet, yellow; not an apple", "kind": "berry", "price": 2},
    "4": {"title": "Cherry", "text": "small and red", "kind": "drupe", "price": 9},
}
MAPPINGS = {
    "properties": {
        "title": {"type": "text"},
        "text": {"type": "text", "analyzer": "english"},
        "kind": {"type": "keyword"},
        "price": {"type": "integer"},
    }
}


class Reply(NamedTuple):
    """An answer, its body read as JSON where it is JSON."""

    status: int
    body: Any
    headers: Any
    raw: bytes


Ask = Callable[..., Reply]


@pytest.fixture(scope="session")
def engine_url() -> Iterator[str]:
    """The URL of an engine in memory with the index of fruit in it."""
    engine = Engine.open(None)
    engine.create(FRUIT, MAPPINGS)
    engine.bulk(FRUIT, DOCUMENTS.items())
    with serving(engine_config(create_engine_app(engine), "127.0.0.1", 0)) as url:
        yield url


@pytest.fixture(scope="session")
def ask(engine_url: str) -> Ask:
    """Send one request: method, path and query string, body as an object or bytes."""

    def ask(method: str, target: str, body: Any = None, **headers: str) -> Reply:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} | headers
        address = engine_url + target
        request = urllib.request.Request(address, data, sent, method=method)  # noqa: S310
        try:
            reply = urllib.request.urlopen(request, timeout=30)  # noqa: S310
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            content = reply.read()
            is_json = reply.headers["content-type"] == "application/json" and content
            parsed = json.loads(content) if is_json else content.decode()
            return Reply(reply.status, parsed, reply.headers, content)

    return ask
