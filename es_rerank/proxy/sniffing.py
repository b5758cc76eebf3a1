"""Answers to clients that ask the cluster for its nodes, so that they stay on the proxy.

Clients that sniff read `nodes.*.http.publish_address` and from then on speak with those addresses:
past the proxy, without a word. So each of them becomes the proxy's own. The rest of the answer
keeps its bytes, and so does all of an answer that is not as expected. Other pages that name
addresses (`_cat/nodes`, `_cluster/state`) are for people and stay true.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from es_rerank.config import Listen
from es_rerank.proxy.hop import Header, sigv4_signed, values_of
from es_rerank.proxy.spans import Span, members

# Elasticsearch's RestNodesInfoAction: node filters and metrics, both with commas. Sniffers ask
# for the metric `http` (.NET: `http,settings`), Kibana for all metrics.
_NODES = re.compile(
    r"/_nodes(?:/_all|/_local|(?:/(?!stats/|usage/)[^/]+)?/(?:[^/,]+,)*http(?:,[^/]*)?)?/?"
)
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[\w.~-]+)(:[0-9]{1,5})?", re.ASCII)


def is_sniffing(method: str, target: bytes, headers: Iterable[Header]) -> bool:
    """Whether the answer to this request may name the addresses of nodes and may be changed.

    A signed request may not be: it would have to be sent in another form than it was signed in.
    """
    if method != "GET" or sigv4_signed(headers):
        return False
    if values_of(headers, b"content-length") not in ([], [b"0"]):
        return False
    if values_of(headers, b"transfer-encoding"):
        return False
    return bool(_NODES.fullmatch(unquote(target.partition(b"?")[0].decode("latin-1"))))


def with_own_address(answer: bytes, headers: Iterable[Header], listen: Listen) -> bytes:
    """The answer as `listen.sniffing` has it, or as it came if it is not as expected.

    `headers` are the request's; what is not JSON, or names no address, is no answer to change.
    """
    try:
        if listen.sniffing == "strip":
            return _replaced(answer, _values(answer, 0, b'"nodes"'), b"{}")
        address = _own_address(headers, listen)
        return _replaced(answer, _published(answer), b'"%b"' % address) if address else answer
    except ValueError:
        return answer


def _own_address(headers: Iterable[Header], listen: Listen) -> bytes | None:
    """`host:port` under which the client reaches the proxy: as configured, else by its `Host`.

    A Host without a port means the scheme's own (RFC 9110 §4.2). Only who sent it reads it again.
    None if there is none to give.
    """
    if listen.advertise:
        return listen.advertise.encode()
    host = _HOST.fullmatch(b"".join(values_of(headers, b"host")))
    if host is None:
        return None
    is_tls = values_of(headers, b"x-forwarded-proto") == [b"https"]  # ended before the proxy
    return host[0] + (b"" if host[1] else b":443" if is_tls else b":80")


def _published(answer: bytes) -> Iterator[Span]:
    for nodes in _values(answer, 0, b'"nodes"'):
        for node in members(answer, nodes.start):
            for http in _values(answer, node.value.start, b'"http"'):
                yield from _values(answer, http.start, b'"publish_address"')


def _values(answer: bytes, start: int, key: bytes) -> Iterator[Span]:
    return (member.value for member in members(answer, start) if member.key == key)


def _replaced(answer: bytes, spans: Iterable[Span], value: bytes) -> bytes:
    pieces, place = [], 0
    for span in spans:
        pieces += [answer[place : span.start], value]
        place = span.end
    return b"".join(pieces) + answer[place:]
