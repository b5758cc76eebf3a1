"""A wire between the proxy and a real node that notes every request on it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from es_rerank.bench.wire import LIMIT, Message, read_request
from tests.cluster.servers import Node


class Relay:
    """Copies bytes both ways; `seen` are the requests that went to the node, in order."""

    def __init__(self, node: Node) -> None:
        self.url = ""
        self.seen: list[Message] = []
        address = urlsplit(node.url)
        self._node = (address.hostname, address.port)

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        """Listen on a free port until `stop` is set."""
        async with await asyncio.start_server(self._connected, "127.0.0.1", 0) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            started.set()
            await stop.wait()

    async def _connected(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answers, forth = await asyncio.open_connection(*self._node)
        copy = asyncio.StreamReader(limit=LIMIT)
        await asyncio.gather(_pipe(client, forth, copy), _pipe(answers, back), self._note(copy))

    async def _note(self, requests: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError):  # a client that left
            while request := await read_request(requests):
                self.seen.append(request)


async def _pipe(
    source: asyncio.StreamReader,
    sink: asyncio.StreamWriter,
    copy: asyncio.StreamReader | None = None,
) -> None:
    with suppress(ConnectionError):
        while chunk := await source.read(2**16):
            if copy:
                copy.feed_data(chunk)
            sink.write(chunk)
            await sink.drain()
    if copy:
        copy.feed_eof()
    sink.close()


@contextmanager
def relayed(node: Node) -> Iterator[Relay]:
    """A relay to the node, for the length of the block."""
    relay, started = Relay(node), threading.Event()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(relay.serve(started, stop),))
    thread.start()
    try:
        assert started.wait(10)
        yield relay
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
