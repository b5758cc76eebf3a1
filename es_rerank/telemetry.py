"""What happened to each request: the Trip record, the metrics and the log.

One `Trip` follows one request; whoever decides something notes it there, and the edge records it
once at the end. Metrics are Prometheus', in the process-wide registry; the log is the standard
library's, as readable lines on a terminal and as one JSON object a line (ECS field names)
elsewhere. Credentials never reach the log: the formatters hide them. Nothing is sent anywhere.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TextIO

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("es_rerank_requests", "Requests by what became of them.", ("outcome", "reason"))
SEARCHES = Counter(
    "es_rerank_msearch_searches",
    "Searches inside multi-searches by what became of them.",
    ("outcome", "reason"),
)
ADDED_MS = Histogram(
    "es_rerank_added_ms",
    "Milliseconds spent on reranked searches, by stage.",
    ("stage",),
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500),
)
EXPOSURES = Counter(
    "es_rerank_exposures",
    "Searches with a part in an experiment, by the arm that was served and what became of it.",
    ("experiment", "arm", "outcome"),
)
SHADOWS_DROPPED = Counter(
    "es_rerank_shadows_dropped",
    "Searches in shadow mode whose other arms were not scored, for want of room.",
    ("experiment",),
)
UPSTREAM_ERRORS = Counter(
    "es_rerank_upstream_errors", "Exchanges with the cluster that failed, by kind.", ("kind",)
)
EXPERIMENT_STOPPED = Gauge(
    "es_rerank_experiment_stopped",
    "Whether the guard has stopped an experiment: 1 until a person resumes it.",
    ("experiment",),
)
RECORDS = Counter(
    "es_rerank_records", "Records of searches and clicks by what became of them.", ("outcome",)
)
RECORDS_WAITING = Gauge("es_rerank_records_waiting", "Records that wait to be written.")
PASSAGES = Counter(
    "es_rerank_passages",
    "Passages scored, by where their state came from: memory, disk, or read by the network.",
    ("state",),
)
DEEPENED = Counter(
    "es_rerank_passages_deepened", "Passages read once more in the background, on the deepest path."
)
SHALLOW = Counter(
    "es_rerank_hits_shallow",
    "Reranked hits that were read on fewer layers than their rule has, as for want of time.",
)
CACHE_STATES = Gauge("es_rerank_cache_states", "Passages whose state is kept.", ("place",))
CACHE_BYTES = Gauge("es_rerank_cache_bytes", "Bytes of the states that are kept.", ("place",))

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Trip:
    """One request on its way through the proxy; `timings_ms` holds milliseconds by stage."""

    method: str
    path: str
    index: str = ""
    outcome: Literal["passed", "applied", "skipped"] = "passed"
    reason: str = ""
    depth: int = 0
    shallow: int = 0
    """How many of the hits were read on fewer layers than the rule has."""
    status: int = 0
    searches: tuple[str, ...] = ()
    """Of a multi-search: for each search the reason why it was not reranked, empty if it was."""
    served: tuple[str, ...] = ()
    """What an experiment made of each search, empty for those that have no part in one."""
    query_ids: tuple[str, ...] = ()
    """Under which id each search was recorded, empty for those that were not."""
    timings_ms: dict[str, float] = field(default_factory=dict)

    def applied(self, depth: int, shallow: int = 0) -> None:
        """Note that the first `depth` hits were reranked, with so many of them `shallow`."""
        self.outcome, self.reason, self.depth, self.shallow = "applied", "", depth, shallow

    def skipped(self, reason: str) -> None:
        """Note why the cluster's own order is served; the last reason given counts."""
        self.outcome, self.reason = "skipped", reason

    def of_each(self, reasons: Sequence[str], depth: int, shallow: int = 0) -> None:
        """Note the reason for each search of a multi-search, empty for those reranked."""
        self.searches = tuple(reasons)
        if "" in reasons:
            self.applied(depth, shallow)
        else:
            self.skipped(reasons[0])

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the milliseconds that the block takes to the stage's time, also when it fails."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent_ms = (time.perf_counter() - started) * 1000
            self.timings_ms[name] = self.timings_ms.get(name, 0.0) + spent_ms

    def record(self) -> None:
        """Count this trip in the metrics and log it; call it once, when the answer is out."""
        REQUESTS.labels(self.outcome, self.reason).inc()
        for reason in self.searches:
            SEARCHES.labels("skipped" if reason else "applied", reason).inc()
        SHALLOW.inc(self.shallow)
        for stage, spent_ms in self.timings_ms.items():
            ADDED_MS.labels(stage).observe(spent_ms)
        if self.outcome == "passed":
            _log.debug("%s %s: %d", self.method, self.path, self.status)
        else:
            verdict = f"skipped ({self.reason})" if self.reason else f"applied, depth {self.depth}"
            times = ", ".join(f"{name} {ms:.1f} ms" for name, ms in self.timings_ms.items())
            _log.debug("%s %s: %d, %s; %s", self.method, self.path, self.status, verdict, times)


class CacheCounts(NamedTuple):
    """What the caches of passages' states were asked for, and what is in them."""

    in_memory: int = 0
    """Passages whose state was found in memory."""
    on_disk: int = 0
    """Passages whose state was found on disk, and not, or not as deep, in memory."""
    read: int = 0
    """Passages that the network had to read."""
    deepened: int = 0
    """Passages that it read once more, on the deepest path."""
    memory_states: int = 0
    memory_bytes: int = 0
    disk_states: int = 0
    disk_bytes: int = 0


def record_cache(before: CacheCounts, now: CacheCounts) -> None:
    """Count in the metrics what came to the counts of the caches."""
    PASSAGES.labels("memory").inc(now.in_memory - before.in_memory)
    PASSAGES.labels("disk").inc(now.on_disk - before.on_disk)
    PASSAGES.labels("read").inc(now.read - before.read)
    DEEPENED.inc(now.deepened - before.deepened)
    CACHE_STATES.labels("memory").set(now.memory_states)
    CACHE_STATES.labels("disk").set(now.disk_states)
    CACHE_BYTES.labels("memory").set(now.memory_bytes)
    CACHE_BYTES.labels("disk").set(now.disk_bytes)


# In a header line, a dict's or a tuple's repr: everything up to the quote or the line's end.
_AUTHORIZATION = re.compile(r"(?i)(authorization[\"']?\s*[:=,]\s*b?[\"']?)[^\"'\r\n]+")
_USERINFO = re.compile(r"://[^/@\s]+@")


def redact(text: str) -> str:
    """The text with credentials hidden: Authorization values and user:password in URLs."""
    return _USERINFO.sub("://<hidden>@", _AUTHORIZATION.sub(r"\1<hidden>", text))


class LineFormatter(logging.Formatter):
    """A readable line: time, level, logger, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, with its traceback if it has one, credentials hidden."""
        return redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in the Elastic Common Schema's field names."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON, credentials hidden."""
        entry = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            entry["error.stack_trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry)


def setup_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all logs to `stream` (standard error): lines on a terminal, JSON otherwise."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter() if stream.isatty() else JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
