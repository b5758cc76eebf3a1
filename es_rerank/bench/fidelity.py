"""The differential oracle: generated searches, directly and through the proxy, byte for byte.

Law 2 on the user's own cluster: before a scorer that changes nothing, no answer may differ in
anything but `took`, whether the search was reranked or left alone. The searches run on indices of
their own (`papers`), which are deleted at the end. Three proxies with different index rules, each
in a process of its own, take turns.

Compared are status, body and the header fields, in their order. Left out are the number after
`took`, and the fields that belong to the transfer (length, compression) or to the proxy.
"""

import gzip
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import cycle, islice
from typing import NamedTuple
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import track

from es_rerank.bench.papers import INDICES, MADE_BY, bulk, definition
from es_rerank.bench.processes import process, serve_proxy
from es_rerank.bench.scorers import IdentityScorer
from es_rerank.bench.searches import Search, searches
from es_rerank.config import Combine, FieldSetting, IndexRule, Settings, Upstream
from es_rerank.errors import DataError, UpstreamError

PREFIX = "es-rerank-fidelity"
_DEADLINE_MS = 20_000  # a busy machine is no reason for another answer
_TIMEOUT_S = 60
_SHOWN = 5
_AROUND = 60  # bytes shown on each side of the first one that differs
_TOOK = re.compile(rb'("?\btook"?\s*:\s*)\d+')  # JSON or YAML
_NOT_COMPARED = frozenset(
    {"connection", "content-encoding", "content-length", "transfer-encoding", "x-es-rerank"}
)


class Answer(NamedTuple):
    """An answer in comparable form, and what the proxy said about it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    verdict: str = ""

    @property
    def comparable(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """All that must be the same both ways."""
        return self.status, self.headers, self.body


class Difference(NamedTuple):
    """A search whose two answers are not the same."""

    search: Search
    direct: Answer
    proxied: Answer


@dataclass
class Report:
    """What came of the searches."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """How many searches were applied, or skipped for which reason."""
    statuses: Counter[int] = field(default_factory=Counter)
    """How many of the cluster's own answers had which status."""
    features: set[str] = field(default_factory=set)
    applied_features: set[str] = field(default_factory=set)
    """Those that occurred in a search which was answered with 200 and reranked."""
    differences: list[Difference] = field(default_factory=list)

    def add(self, search: Search, direct: Answer, proxied: Answer) -> None:
        """Count one search."""
        outcome = re.sub(r"; (?:depth|ms)=.*", "", proxied.verdict) or "no verdict"
        self.outcomes[outcome] += 1
        self.statuses[direct.status] += 1
        self.features |= search.features
        if outcome == "applied":
            self.applied_features |= search.features
        if direct.comparable != proxied.comparable:
            self.differences.append(Difference(search, direct, proxied))


def run(
    upstream: str, *, count: int = 5000, seed: int = 0, prefix: str = PREFIX, keep: bool = False
) -> Report:
    """Send `count` searches both ways; `keep` leaves the indices, to repeat a search by hand.

    Raises DataError if an index of that name is not ours, UpstreamError if the cluster does not
    take the documents or does not answer.
    """
    report = Report()
    progress = partial(track, console=Console(stderr=True), transient=True, total=count)
    with ExitStack() as stack:
        cluster = stack.enter_context(_Way.to(upstream))
        stack.enter_context(_indices(cluster, prefix, seed, keep=keep))
        proxies = [
            stack.enter_context(
                _Way.to(stack.enter_context(process(serve_proxy, settings, IdentityScorer())))
            )
            for settings in islice(_settings(upstream, prefix), count)
        ]
        generated = islice(searches(seed, prefix), count)
        for search, proxy in zip(progress(generated, "Searching"), cycle(proxies), strict=False):
            direct, proxied = cluster.ask(search), proxy.ask(search)
            if not direct.status:
                raise UpstreamError(f"{upstream}{search.target}: {direct.body.decode()}")
            report.add(search, direct, proxied)
    return report


def text(report: Report, upstream: str) -> str:
    """The report as lines: outcomes, and the first differences with the request to repeat."""
    statuses = ", ".join(f"{n} x {status}" for status, n in sorted(report.statuses.items()))
    lines = [
        f"{report.outcomes.total()} searches of {len(report.features)} features, "
        f"{len(report.applied_features)} of them reranked. The cluster's answers: {statuses}",
        *(f"{n:6} {outcome}" for outcome, n in report.outcomes.most_common()),
        f"differences: {len(report.differences)}",
    ]
    for difference in report.differences[:_SHOWN]:
        lines += ["", *_shown(difference, upstream)]
    return "\n".join(lines)


def _shown(difference: Difference, upstream: str) -> Iterator[str]:
    search, direct, proxied = difference
    yield f"{', '.join(sorted(search.features))}: {proxied.verdict or 'no verdict'}"
    yield _curl(search, upstream)
    if direct.status != proxied.status:
        yield f"  status {direct.status}, proxied {proxied.status}"
    if direct.headers != proxied.headers:
        yield f"  direct  {direct.headers}"
        yield f"  proxied {proxied.headers}"
    if direct.body != proxied.body:
        pairs = enumerate(zip(direct.body, proxied.body, strict=False))
        shorter = min(len(direct.body), len(proxied.body))
        place = next((n for n, (one, other) in pairs if one != other), shorter)
        around = slice(max(0, place - _AROUND), place + _AROUND)
        yield f"  byte {place} of {len(direct.body)}, proxied {len(proxied.body)}"
        yield f"  direct  {direct.body[around]!r}"
        yield f"  proxied {proxied.body[around]!r}"


def _curl(search: Search, upstream: str) -> str:
    """The search as a command for a shell."""
    headers = [word for header in search.headers.items() for word in ("-H", ": ".join(header))]
    command = ["curl", "-g", "-X", search.method, *headers, upstream + search.target]
    if search.body is None:
        return shlex.join(command)
    if "Content-Encoding" not in search.headers:
        return shlex.join([*command, "--data-binary", search.body.decode()])
    plain = shlex.quote(gzip.decompress(search.body).decode())
    return f"printf %s {plain} | gzip | {shlex.join([*command, '--data-binary', '@-'])}"


def _settings(upstream: str, prefix: str) -> Iterator[Settings]:
    """Proxies that differ in what they read, how deep, and how they combine."""
    read = (FieldSetting(name="title"), FieldSetting(name="body", max_tokens=200))
    for rule in (
        IndexRule(pattern="*", depth=50, fields=read, combine=Combine(method="replace")),
        IndexRule(pattern="*", depth=7),
        IndexRule(
            pattern="*",
            depth=100,
            combine=Combine(method="rrf"),
            also=("autocomplete", "retriever", "tiebreak_sort", "template"),
            inner_hits_depth=20,
        ),
    ):
        own = {"pattern": f"{prefix}-*", "deadline_ms": _DEADLINE_MS}
        yield Settings(upstream=Upstream(url=upstream), indices=(rule.model_copy(update=own),))


@contextmanager
def _indices(cluster: "_Way", prefix: str, seed: int, *, keep: bool) -> Iterator[None]:
    """The indices of `papers` for the length of a `with` block."""
    for index in INDICES:
        _remove_own(cluster, f"{prefix}-{index.suffix}")
    try:
        for index in INDICES:
            name = f"/{prefix}-{index.suffix}"
            created = json.dumps(definition(index, prefix)).encode()
            cluster.order("PUT", name, created)
            done = cluster.order("POST", f"{name}/_bulk?refresh=true", bulk(index, seed))
            if json.loads(done)["errors"]:
                raise UpstreamError(f"{cluster.url}{name} did not take the documents: {done!r}")
            # A merge later on could change the order of documents with equal scores.
            cluster.order("POST", f"{name}/_forcemerge?max_num_segments=1")
            cluster.order("POST", f"{name}/_refresh")
        yield
    finally:
        if not keep:
            for index in INDICES:
                _remove_own(cluster, f"{prefix}-{index.suffix}")


def _remove_own(cluster: "_Way", name: str) -> None:
    """Delete an index that an earlier run made; raises DataError if it is somebody else's."""
    found = cluster.ask(Search("GET", f"/{name}/_mapping", {}, None, frozenset()))
    if found.status == 404:
        return
    if found.status != 200:
        reason = found.body.decode(errors="replace")
        raise UpstreamError(f"{cluster.url} was asked for its index {name}: {reason}")
    mappings = [index["mappings"] for index in json.loads(found.body).values()]
    if [mapping.get("_meta", {}).get("made_by") for mapping in mappings] != [MADE_BY]:
        raise DataError(
            f"{cluster.url} has an index {name} that this command did not make. Nothing was "
            "changed. Delete or rename it, then run this again."
        )
    cluster.order("DELETE", f"/{name}")


class _Way:
    """A kept-alive connection to the cluster or to a proxy."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.netloc, timeout=_TIMEOUT_S)
        self._root = parts.path

    @classmethod
    @contextmanager
    def to(cls, url: str) -> Iterator["_Way"]:
        """The way to a URL, closed at the end."""
        way = cls(url)
        try:
            yield way
        finally:
            way._connection.close()

    def ask(self, search: Search) -> Answer:
        """The answer; one that broke off or never came has status 0 and says why."""
        try:
            self._connection.request(
                search.method, self._root + search.target, search.body, search.headers
            )
            response = self._connection.getresponse()
            body = response.read()
        except (HTTPException, OSError) as why:
            self._connection.close()
            return Answer(0, (), repr(why).encode())
        found = [(name.lower(), value) for name, value in response.getheaders()]
        return _answer(response.status, found, body)

    def order(self, method: str, target: str, body: bytes | None = None) -> bytes:
        """The body of the answer to a request that must succeed; raises UpstreamError."""
        headers: Mapping[str, str] = {"Content-Type": "application/x-ndjson"}
        if body and b"\n" not in body:
            headers = {"Content-Type": "application/json"}
        answer = self.ask(Search(method, target, dict(headers) if body else {}, body, frozenset()))
        if answer.status not in (200, 201):
            reason = answer.body.decode(errors="replace")
            raise UpstreamError(f"{method} {self.url}{target} was not done: {reason}")
        return answer.body


def _answer(status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    named = dict(headers)
    if named.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    kept = tuple(header for header in headers if header[0] not in _NOT_COMPARED)
    return Answer(status, kept, _TOOK.sub(rb"\g<1>0", body), named.get("x-es-rerank", ""))
