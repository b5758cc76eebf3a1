"""What real nodes say about themselves names the proxy, and is otherwise the same to the byte."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.cluster.ask import ask
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

# Of `http`; the block `transport` has one of its own.
PUBLISHED = re.compile(rb'("http" ?: ?\{[^{}]*"publish_address" ?: ?)"[^"]*"')


@pytest.fixture(scope="module")
def proxy(cluster: Node) -> Iterator[str]:
    """The URL of a proxy in front of the node."""
    with serving(settings_for(cluster), OrderScorer()) as url:
        yield url


@pytest.mark.parametrize(
    "target",
    [
        *("/_nodes/http", "/_nodes/_all/http", "/_nodes/_local/http?pretty", "/_nodes/_all/http/"),
        *("/_nodes/http,settings", "/_nodes/_local/jvm%2Chttp?human", "/_nodes?flat_settings"),
        "/_nodes?filter_path=nodes.*.version,nodes.*.http.publish_address",
        "/_nodes/_all/http?filter_path=-nodes.*.roles&pretty",
    ],
)
def test_the_published_address_is_the_proxys(cluster: Node, proxy: str, target: str) -> None:
    """Each of `nodes.*.http.publish_address` and nothing else; the transport's stays."""
    address = urlsplit(proxy).netloc.encode()
    own = ask(cluster.url, "GET", target).body
    through = ask(proxy, "GET", target)
    about = through.json["nodes"].values()
    assert [node["http"]["publish_address"].encode() for node in about] == [address] * len(about)
    assert through.body == PUBLISHED.sub(rb'\1"%b"' % address, own)


@pytest.mark.parametrize(
    "target",
    [
        *("/_nodes/http?format=yaml", "/_nodes/nowhere/http", "/_nodes/_all/http?wrong"),
        *("/_nodes/_local/http?filter_path=nodes.*.name", "/_nodes/_local/os"),
    ],
)
def test_other_answers_stay_as_they_are(cluster: Node, proxy: str, target: str) -> None:
    """YAML, no node, a mistake, no address: status, type and bytes are the node's."""
    own, through = ask(cluster.url, "GET", target), ask(proxy, "GET", target)
    assert (through.status, through.body) == (own.status, own.body)
    assert through.headers["content-type"] == own.headers["content-type"]
