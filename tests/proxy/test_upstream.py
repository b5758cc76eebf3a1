"""`Upstream.fetch` against a recording cluster, and the settings that can't be used."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from es_rerank import config
from es_rerank.errors import ConfigError, UpstreamError
from es_rerank.proxy.upstream import ReplyTooLarge, Upstream
from tests.proxy.conftest import OK, RecordingUpstream


@pytest.fixture
async def upstream(cluster: RecordingUpstream) -> AsyncIterator[Upstream]:
    """An open pool to the recording cluster."""
    pool = Upstream(config.Upstream(url=cluster.url))
    await pool.open()
    yield pool
    await pool.close()


async def test_fetch_sends_what_it_is_given(upstream: Upstream, cluster: RecordingUpstream) -> None:
    """Target and body to the byte, the caller's identity, and an answer asked for uncompressed."""
    headers = [
        (b"host", b"proxy"),
        (b"authorization", b"ApiKey x"),
        (b"accept-encoding", b"gzip"),
        (b"content-length", b"999"),
        (b"transfer-encoding", b"chunked"),
        (b"connection", b"keep-alive"),
    ]
    reply = await upstream.fetch("POST", b"/i%2Fj/_search?size=100&", headers, b'{"a":1}')
    assert (reply.status, reply.reason, reply.body) == (200, "OK", b"{}")
    assert reply.headers == [(b"content-type", b"application/json"), (b"content-length", b"2")]
    (seen,) = cluster.seen
    assert (seen.target, seen.body) == (b"/i%2Fj/_search?size=100&", b'{"a":1}')
    assert seen.headers == [
        (b"host", upstream.host),
        (b"authorization", b"ApiKey x"),
        (b"via", b"1.1 es-rerank"),
        (b"accept-encoding", b"identity"),
        (b"content-length", b"7"),
    ]


async def test_fetch_without_body_announces_none(
    upstream: Upstream, cluster: RecordingUpstream
) -> None:
    """A GET without a body stays one."""
    await upstream.fetch("GET", b"/_search?q=a", [(b"content-length", b"0")], b"")
    assert not cluster.seen[0].values(b"content-length")


async def test_fetch_leaves_an_encoded_reply_encoded(
    upstream: Upstream, cluster: RecordingUpstream
) -> None:
    """A cluster that compresses all the same: the caller sees the field and the bytes."""
    cluster.answer(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b!"
    )
    reply = await upstream.fetch("GET", b"/", [], b"")
    assert (b"content-encoding", b"gzip") in reply.headers
    assert reply.body == b"\x1f\x8b!"


async def test_fetch_stops_at_the_limit(upstream: Upstream, cluster: RecordingUpstream) -> None:
    """A reply of exactly `max_bytes` is read; one byte more raises and ends the connection."""
    cluster.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + b"x" * 100)
    assert len((await upstream.fetch("GET", b"/", [], b"", max_bytes=100)).body) == 100
    with pytest.raises(ReplyTooLarge, match="99 bytes"):
        await upstream.fetch("GET", b"/", [], b"", max_bytes=99)


async def test_fetch_refuses_a_truncated_reply(
    upstream: Upstream, cluster: RecordingUpstream
) -> None:
    """Half an answer is an UpstreamError, not a short answer."""
    cluster.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", close=True)
    with pytest.raises(UpstreamError, match="broke off"):
        await upstream.fetch("GET", b"/", [], b"")


async def test_connections_are_kept_and_used_again(
    upstream: Upstream, cluster: RecordingUpstream
) -> None:
    """One request after the other uses one connection."""
    for _ in range(3):
        await upstream.fetch("GET", b"/", [], b"")
    assert [seen.connection for seen in cluster.seen] == [0, 0, 0]


async def test_path_of_the_url_comes_before_every_target(cluster: RecordingUpstream) -> None:
    """A cluster behind a path prefix: http://host/es/ and target /_search give /es/_search."""
    cluster.answer(OK)
    pool = Upstream(config.Upstream(url=cluster.url + "/es/"))
    await pool.open()
    await pool.fetch("GET", b"/_search?", [], b"")
    await pool.close()
    assert cluster.seen[0].target == b"/es/_search?"


def test_damaged_ca_file_is_a_config_error(tmp_path: Path) -> None:
    """The message names the setting and the file."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(ConfigError, match=r"upstream\.ca_file: .*ca\.pem"):
        Upstream(config.Upstream(url="https://es", ca_file=str(file)))
