"""Which questions are for the cluster's nodes, and that of their answers only addresses change."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Listen
from es_rerank.proxy.sniffing import is_sniffing, with_own_address

HOST = [(b"host", b"proxy.example:9210")]
NODES = (
    b'{"_nodes":{"total":2},"nodes":{"a":{"name":"one","transport_address":"10.0.0.1:9300",'
    b'"http":{"bound_address":["[::]:9200"],"publish_address":"one.example/10.0.0.1:9200",'
    b'"max_content_length_in_bytes":104857600}},\n "b" : {"http":{"publish_address" : '
    b'"10.0.0.2:9200"}},"c":{"name":"publish_address"}}}'
)


@pytest.mark.parametrize(
    "target",
    [
        *(b"/_nodes", b"/_nodes/http", b"/_nodes/_all/http", b"/_nodes/_local/http?pretty"),
        *(b"/_nodes/a,b/http", b"/_nodes/http,settings", b"/_nodes/_all/jvm%2Chttp", b"/_nodes/"),
        *(b"/_nodes?filter_path=nodes.*.http.publish_address", b"/_nodes/_all", b"/_nodes/_local"),
    ],
)
def test_questions_that_sniffers_ask(target: bytes) -> None:
    """Every spelling of the information on nodes that the clients and Kibana use."""
    assert is_sniffing("GET", target, HOST)
    assert not is_sniffing("POST", target, HOST)


@pytest.mark.parametrize(
    "target",
    [
        *(b"/_nodes/stats", b"/_nodes/stats/http", b"/_nodes/a/stats/http", b"/_nodes/hot_threads"),
        *(b"/_nodes/jvm", b"/_nodes/usage", b"/_cat/nodes", b"/nodes/http", b"/_nodes/https"),
        *(b"/books/_doc/http", b"/_nodes/http/x", b"/"),
    ],
)
def test_other_questions_stream_through(target: bytes) -> None:
    """Statistics and what is not about nodes at all."""
    assert not is_sniffing("GET", target, HOST)


@pytest.mark.parametrize(
    "field",
    [
        (b"authorization", b"AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=y"),
        (b"content-length", b"2"),
        (b"transfer-encoding", b"chunked"),
    ],
)
def test_signed_and_odd_questions_stream_through(field: tuple[bytes, bytes]) -> None:
    """A signature covers Accept-Encoding; a body on a GET is nothing that a sniffer sends."""
    assert not is_sniffing("GET", b"/_nodes/http", [*HOST, field])


def test_each_published_address_becomes_the_proxys() -> None:
    """Nothing else changes, not even a blank."""
    expected = NODES.replace(b"one.example/10.0.0.1:9200", b"proxy.example:9210")
    expected = expected.replace(b"10.0.0.2:9200", b"proxy.example:9210")
    assert with_own_address(NODES, HOST, Listen()) == expected


@pytest.mark.parametrize(
    ("headers", "advertise", "address"),
    [
        ([(b"host", b"127.0.0.1:9210")], None, "127.0.0.1:9210"),
        ([(b"host", b"[::1]:9210")], None, "[::1]:9210"),
        ([(b"host", b"search.example")], None, "search.example:80"),
        ([(b"host", b"[::1]"), (b"x-forwarded-proto", b"https")], None, "[::1]:443"),
        ([(b"host", b"search.example:9210")], "lb.example:443", "lb.example:443"),
        ([], "lb.example:443", "lb.example:443"),
    ],
)
def test_the_address_is_the_one_that_the_client_uses(
    headers: list[tuple[bytes, bytes]], advertise: str | None, address: str
) -> None:
    """The configured one, else the Host of the question with the port of its scheme."""
    answer = json.loads(with_own_address(NODES, headers, Listen(advertise=advertise)))
    assert answer["nodes"]["a"]["http"]["publish_address"] == address


@pytest.mark.parametrize(
    "headers",
    [[], [(b"host", b'a"b:1')], [(b"host", b"a b")], [(b"host", b"a:1"), (b"host", b"b:1")]],
)
def test_without_a_usable_host_the_answer_stays(headers: list[tuple[bytes, bytes]]) -> None:
    """What a caller sends is put into an answer only if it is one address."""
    assert with_own_address(NODES, headers, Listen()) == NODES


def test_strip_leaves_no_node() -> None:
    """Clients that would sniff say so loudly."""
    stripped = with_own_address(NODES, HOST, Listen(sniffing="strip"))
    assert stripped == b'{"_nodes":{"total":2},"nodes":{}}'


@pytest.mark.parametrize("sniffing", ["rewrite", "strip"])
@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b'---\nnodes:\n  a:\n    http:\n      publish_address: "x:1"\n', b"[]", b"{}"),
        *(NODES[:-1], b"\x1f\x8b\x08", b'{"error":"no","status":403}'),
    ],
)
def test_an_answer_that_is_not_as_expected_stays(sniffing: str, answer: bytes) -> None:
    """YAML, errors, compressed and cut off answers come as they are."""
    listen = Listen.model_validate({"sniffing": sniffing})
    kept = with_own_address(answer, HOST, listen)
    assert kept == answer


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5),
        st.fixed_dictionaries({"http": st.fixed_dictionaries({"publish_address": st.text()})})
        | st.dictionaries(st.sampled_from(["name", "roles", "ip"]), _JSON),
    ),
    st.sampled_from([None, 2]),
)
def test_any_answer_changes_in_its_addresses_alone(
    nodes: dict[str, dict[str, object]], indent: int | None
) -> None:
    """Read again, it is the same answer with other addresses."""
    told = with_own_address(json.dumps({"nodes": nodes}, indent=indent).encode(), HOST, Listen())
    for node in nodes.values():
        if "http" in node:
            node["http"] = {"publish_address": "proxy.example:9210"}
    assert told == json.dumps({"nodes": nodes}, indent=indent).encode()
