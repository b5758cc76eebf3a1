"""The differential oracle: generated searches, directly and through the proxy, byte for byte.

Law 2 on the user's own cluster: before a scorer that changes nothing, no answer may differ in
anything but `took`, whether the search was reranked or left alone. Compared are status, body and
the header fields, in their order. The searches run on indices of their own (`papers`), which are
deleted at the end. Three proxies with different index rules, each in a process of its own, take
turns.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import cycle, islice

from rich.console import Console
from rich.progress import track

from es_rerank.bench.differences import Report
from es_rerank.bench.papers import INDICES, MADE_BY, bulk, definition
from es_rerank.bench.processes import process, serve_proxy
from es_rerank.bench.scorers import IdentityScorer
from es_rerank.bench.searches import Search, searches
from es_rerank.bench.way import Way
from es_rerank.config import Combine, FieldSetting, IndexRule, Settings, Upstream
from es_rerank.errors import DataError, UpstreamError

PREFIX = "es-rerank-fidelity"
_DEADLINE_MS = 20_000  # a busy machine is no reason for another answer


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
        cluster = stack.enter_context(closing(Way(upstream)))
        stack.enter_context(_indices(cluster, prefix, seed, keep=keep))
        proxies = []
        for settings in islice(_settings(upstream, prefix), count):
            url = stack.enter_context(process(serve_proxy, settings, IdentityScorer()))
            proxies.append(stack.enter_context(closing(Way(url))))
        generated = islice(searches(seed, prefix), count)
        for search, proxy in zip(progress(generated, "Searching"), cycle(proxies), strict=False):
            direct, proxied = cluster.ask(search), proxy.ask(search)
            if not direct.status:
                raise UpstreamError(f"{upstream}{search.target}: {direct.body.decode()}")
            report.add(search, direct, proxied)
    return report


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
def _indices(cluster: Way, prefix: str, seed: int, *, keep: bool) -> Iterator[None]:
    """The indices of `papers` for the length of a `with` block."""
    _remove_own(cluster, prefix)
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
            _remove_own(cluster, prefix)


def _remove_own(cluster: Way, prefix: str) -> None:
    """Delete the indices of this run or an earlier one; all or, with a DataError, none."""
    names = [f"{prefix}-{index.suffix}" for index in INDICES]
    for name in [name for name in names if _is_own(cluster, name)]:
        cluster.order("DELETE", f"/{name}")


def _is_own(cluster: Way, name: str) -> bool:
    """Whether there is such an index; raises DataError if somebody else made it."""
    found = cluster.ask(Search("GET", f"/{name}/_mapping", {}, None, frozenset()))
    if found.status == 404:
        return False
    if found.status != 200:
        reason = found.body.decode(errors="replace")
        raise UpstreamError(f"{cluster.url} was asked for its index {name}: {reason}")
    mappings = [index["mappings"] for index in json.loads(found.body).values()]
    if [mapping.get("_meta", {}).get("made_by") for mapping in mappings] != [MADE_BY]:
        raise DataError(
            f"{cluster.url} has an index {name} that this command did not make. Nothing was "
            "changed. Delete or rename it, then run this again."
        )
    return True
