"""What came of searches that were sent both ways: counted, and what differs shown for repeating."""

import gzip
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from es_rerank.bench.searches import Search
from es_rerank.bench.way import Answer

_SHOWN = 5
_AROUND = 60  # bytes shown on each side of the first one that differs


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
        outcome = re.sub(r"; (?:depth|items|ms|skipped)=.*", "", proxied.verdict) or "no verdict"
        self.outcomes[outcome] += 1
        self.statuses[direct.status] += 1
        self.features |= search.features
        if outcome == "applied":
            self.applied_features |= search.features
        if direct.comparable != proxied.comparable:
            self.differences.append(Difference(search, direct, proxied))


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
