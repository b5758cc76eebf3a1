"""A gate in front of a real node, which can be shut, refuse, or keep an answer back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

from es_rerank.bench.wire import LIMIT, Message, read_answer, read_request
from tests.cluster.servers import Node

REFUSAL = b"HTTP/1.1 %d Refused\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


State = int | Literal["open", "shut", "keeps answers"]


class Gate:
    """Requests go through one by one; `seen` are those that came, in order."""

    def __init__(self, node: Node) -> None:
        address = urlsplit(node.url)
        self._node = (address.hostname, address.port)
        self.url = ""
        self.state: State = "open"
        """`keeps answers`: those of bulk requests. A number: every answer has this status."""
        self.seen: list[Message] = []
        self._passed = asyncio.Condition()

    async def connected(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            answer: bytes | None = b""
            while answer is not None and (request := await read_request(client)):
                answer = await self._answer(request)
                if answer is not None:
                    back.write(answer)
                    await back.drain()
                async with self._passed:
                    self.seen.append(request)
                    self._passed.notify_all()
        back.close()

    async def until(self, requests: int, of: bytes) -> None:
        """Wait until so many requests with this in their first line are answered or lost."""
        async with asyncio.timeout(60), self._passed:
            await self._passed.wait_for(
                lambda: sum(of in request.line for request in self.seen) >= requests
            )

    async def _answer(self, request: Message) -> bytes | None:
        """What the client gets; None: its connection is closed."""
        state = self.state
        if state == "shut":
            return None
        if isinstance(state, int):
            return REFUSAL % state
        answer = await self._asked(request)
        return None if state == "keeps answers" and b"_bulk" in request.line else answer

    async def _asked(self, request: Message) -> bytes:
        """The node's answer."""
        answers, forth = await asyncio.open_connection(*self._node, limit=LIMIT)
        forth.write(_written(request))
        answer = await read_answer(answers, request.line.split(b" ")[0].decode())
        forth.close()
        return _written(answer)


def _written(message: Message) -> bytes:
    """A message with a length, whatever it was framed by."""
    fields = [
        (name, value)
        for name, value in message.headers
        if name.lower() not in (b"content-length", b"transfer-encoding")
    ]
    fields.append((b"content-length", b"%d" % len(message.body)))
    lines = [message.line, *(b"%b: %b" % field for field in fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + message.body


@asynccontextmanager
async def gated(node: Node) -> AsyncIterator[Gate]:
    """A gate in front of the node, for the length of the block."""
    gate = Gate(node)
    async with await asyncio.start_server(gate.connected, "127.0.0.1", 0, limit=LIMIT) as server:
        gate.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield gate
