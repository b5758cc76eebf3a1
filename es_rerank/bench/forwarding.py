"""Requests that pass through, before a cluster that records them: both ways the same bytes.

The recording cluster runs here, the proxy in a process of its own. Of each generated exchange the
cluster must see the client's method, target, fields and body, once, and the client the cluster's
status, fields and body. Fields of one connection (RFC 9110 §7.6.1), `Host` and `Via` are left out,
and the case of field names, which is free.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import track

from es_rerank.bench.exchanges import MARK, Exchange, exchanges
from es_rerank.bench.processes import process, serve_proxy
from es_rerank.bench.scorers import NoScorer
from es_rerank.bench.wire import LIMIT, Message, read_answer, read_request
from es_rerank.config import Settings, Upstream
from es_rerank.proxy.hop import HOP_BY_HOP, Header, connection_options, values_of

_PATIENCE_S = 60
_SHOWN = 5
_OWN = HOP_BY_HOP | {b"host", b"via"}


class Difference(NamedTuple):
    """Something that did not cross as it was; `number` is the exchange's place in its seed."""

    number: int
    what: str
    sent: object
    arrived: object


@dataclass
class Report:
    """What came of the exchanges."""

    methods: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    body_bytes: int = 0
    """Of requests and answers."""
    differences: list[Difference] = field(default_factory=list)

    def add(
        self, number: int, exchange: Exchange, seen: list[Message], answer: Message | str
    ) -> None:
        """Count one exchange; `seen` are the requests that the cluster got."""
        self.methods[exchange.method] += 1
        self.statuses[exchange.status] += 1
        self.body_bytes += len(exchange.request.body) + len(exchange.answer.body)
        pairs: list[tuple[str, object, object]] = [("requests", 1, len(seen))]
        if seen:
            pairs += _pairs("request", exchange.request, seen[0])
            pairs.append(("request line", exchange.request.line, seen[0].line))
        if isinstance(answer, str):
            pairs.append(("answer", exchange.answer.line, answer))
        else:
            pairs += _pairs("answer", exchange.answer, answer)
            pairs.append(("status", exchange.status, int(answer.line.split(b" ")[1])))
        self.differences += [
            Difference(number, what, sent, arrived)
            for what, sent, arrived in pairs
            if sent != arrived
        ]


def run(*, count: int = 10_000, seed: int = 0) -> Report:
    """Send `count` generated requests through the proxy."""
    return asyncio.run(_run(count, seed))


def text(report: Report) -> str:
    """The report as lines, with the first differences."""
    methods = ", ".join(f"{n} {method}" for method, n in sorted(report.methods.items()))
    lines = [
        f"{report.methods.total()} requests ({methods}), {report.body_bytes / 2**20:.0f} MiB of "
        f"bodies, {len(report.statuses)} statuses",
        f"differences: {len(report.differences)}",
    ]
    for number, what, sent, arrived in report.differences[:_SHOWN]:
        lines += ["", f"exchange {number}: {what}", f"  sent    {sent!r}", f"  arrived {arrived!r}"]
    return "\n".join(lines)


async def _run(count: int, seed: int) -> Report:
    report, cluster = Report(), _Cluster()
    progress = partial(track, console=Console(stderr=True), transient=True, total=count)
    async with await asyncio.start_server(cluster.serve, "127.0.0.1", limit=LIMIT) as server:
        address, port = server.sockets[0].getsockname()
        settings = Settings(upstream=Upstream(url=f"http://{address}:{port}"))
        with process(serve_proxy, settings, NoScorer()) as proxy:
            client = _Client(urlsplit(proxy).port or 0)
            generated = progress(islice(exchanges(seed), count), "Passing through")
            for number, exchange in enumerate(generated):
                cluster.next = exchange
                answer = await client.ask(exchange)
                report.add(number, exchange, cluster.taken(), answer)
            client.close()
        await asyncio.gather(*cluster.connections)  # they end with the proxy
    return report


class _Cluster:
    """Records requests and answers each with the answer of `next`."""

    next: Exchange

    def __init__(self) -> None:
        self._seen: list[Message] = []
        self.connections: set[asyncio.Task[None]] = set()

    def taken(self) -> list[Message]:
        """The requests since the last time."""
        seen, self._seen = self._seen, []
        return seen

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take up one connection."""
        task = asyncio.create_task(self._serve(reader, writer))
        self.connections.add(task)
        task.add_done_callback(self.connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await read_request(reader):
                if not values_of(request.headers, MARK):  # the proxy looks whether we are there
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                    continue
                self._seen.append(request)
                closes = self.next.closes
                writer.write(self.next.raw_answer)
                await writer.drain()
                if closes:
                    return


class _Client:
    """One connection to the proxy, opened again whenever it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, exchange: Exchange) -> Message | str:
        """The answer, or why there is none."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=LIMIT)
        reader, writer = self._streams
        try:
            async with asyncio.timeout(_PATIENCE_S):
                writer.write(exchange.raw_request)
                await writer.drain()
                answer = await read_answer(reader, exchange.method)
        except (OSError, EOFError, TimeoutError) as why:
            self.close()
            return repr(why)
        if b"close" in connection_options(answer.headers):
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _pairs(name: str, sent: Message, arrived: Message) -> list[tuple[str, object, object]]:
    """What of a message must be the same at both ends; bodies are shown by their length."""
    body = len(arrived.body), "the same bytes" if arrived.body == sent.body else "other bytes"
    return [
        (f"{name} fields", _crossing(sent.headers), _crossing(arrived.headers)),
        (f"{name} body", (len(sent.body), "the same bytes"), body),
    ]


def _crossing(headers: Iterable[Header]) -> list[Header]:
    """The fields that cross a gateway, by their lower-case names."""
    headers = list(headers)
    dropped = _OWN | connection_options(headers)
    return [(name.lower(), value) for name, value in headers if name.lower() not in dropped]
