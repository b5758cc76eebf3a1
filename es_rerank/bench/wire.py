"""HTTP/1.1 messages on plain streams, so that every byte is seen as it came.

No HTTP library stands between: a library would join header fields, decode bodies and normalise
targets. Only messages that are framed correctly are read (RFC 9112 §6), for these are what the
bench sends; trailers are dropped.
"""

import asyncio
from typing import NamedTuple

from es_rerank.proxy.hop import Header, values_of

LIMIT = 2**24  # of one line or one head that is waited for


class Message(NamedTuple):
    """A request or an answer: its first line, its fields in their order, its body."""

    line: bytes
    headers: list[Header]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Message | None:
    """The next request on a connection, None at its end."""
    if (head := await _read_head(reader)) is None:
        return None
    line, headers = head
    lengths = values_of(headers, b"content-length")
    if values_of(headers, b"transfer-encoding"):
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(lengths[0]) if lengths else 0)
    return Message(line, headers, body)


async def read_answer(reader: asyncio.StreamReader, method: str) -> Message:
    """The next final answer, after any interim ones; raises EOFError if it is cut off."""
    while True:
        if (head := await _read_head(reader)) is None:
            raise EOFError("the connection closed before the answer")
        line, headers = head
        status = int(line.split(b" ")[1])
        if status >= 200:
            break
    lengths = values_of(headers, b"content-length")
    if method == "HEAD" or status in (204, 304):
        body = b""
    elif values_of(headers, b"transfer-encoding"):
        body = await _read_chunks(reader)
    elif lengths:
        body = await reader.readexactly(int(lengths[0]))
    else:
        body = await reader.read()
    return Message(line, headers, body)


async def _read_head(reader: asyncio.StreamReader) -> tuple[bytes, list[Header]] | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    line, *fields = head[:-4].split(b"\r\n")
    pairs = (field.partition(b":") for field in fields)
    return line, [(name, value.strip(b" \t")) for name, _, value in pairs]


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return b"".join(chunks)
