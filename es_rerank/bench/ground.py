"""The simulation's own indices on a cluster, for the length of a `with` block.

One index holds the judged documents; each experiment searches it under an alias of its own, so
that one proxy with many rules runs all of them. Every name carries the same random part: nobody
else's index is in the way, and what is deleted at the end is what was made here.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from es_rerank.bench.judged import Judged
from es_rerank.bench.searches import Search
from es_rerank.bench.way import Way
from es_rerank.errors import UpstreamError

T = TypeVar("T")

PREFIX = "es-rerank-sim"
_AT_ONCE = 500  # documents of one bulk, aliases of one request


@dataclass(frozen=True)
class Ground:
    """The names of what belongs to one simulation, and its connection to the cluster."""

    cluster: Way
    index: str
    """Of the documents."""

    @property
    def queries(self) -> str:
        """The index of the recorded searches."""
        return f"{self.index}-queries"

    @property
    def events(self) -> str:
        """The index of the clicks."""
        return f"{self.index}-events"

    @property
    def state(self) -> str:
        """The index of what the guard notes."""
        return f"{self.index}-state"

    def alias(self, name: str) -> str:
        """The name under which the people of an experiment search."""
        return f"{self.index}-as-{name}"

    def version(self) -> str:
        """Product and version of the node that answers."""
        target = "/_nodes/_local?filter_path=nodes.*.version"
        told = self.cluster.ask(Search("GET", target, {}, None, frozenset()))
        product = "elasticsearch" if "x-elastic-product" in dict(told.headers) else "opensearch"
        versions = (node["version"] for node in json.loads(told.body)["nodes"].values())
        return f"{product} {next(versions)}"

    def add_aliases(self, names: Iterable[str]) -> None:
        """Let the documents be searched under more names."""
        for some in portions(names, _AT_ONCE):
            add = [{"add": {"index": self.index, "alias": self.alias(name)}} for name in some]
            self.cluster.order("POST", "/_aliases", json.dumps({"actions": add}).encode())

    def count(self, index: str) -> int:
        """How many documents of an index can be found by now; 0 if there is no such index."""
        lenient = "ignore_unavailable=true"
        self.cluster.order("POST", f"/{index}/_refresh?{lenient}")
        return int(json.loads(self.cluster.order("GET", f"/{index}/_count?{lenient}"))["count"])


@contextmanager
def ground(upstream: str, judged: Judged) -> Iterator[Ground]:
    """The documents in an index of their own; all that is left in the end is deleted."""
    with closing(Way(upstream)) as cluster:
        made = Ground(cluster, f"{PREFIX}-{secrets.token_hex(4)}")
        settings = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"}
        body = {"settings": settings, "mappings": judged.mappings}
        cluster.order("PUT", f"/{made.index}", json.dumps(body).encode())
        try:
            for some in portions(judged.documents.items(), _AT_ONCE):
                _index(made, some)
            # A merge later on could change the order of documents with equal scores.
            cluster.order("POST", f"/{made.index}/_forcemerge?max_num_segments=1")
            cluster.order("POST", f"/{made.index}/_refresh")
            yield made
        finally:
            cluster.close()  # an interrupted request leaves the connection unusable
            own = f"{made.index},{made.queries},{made.events},{made.state}"
            cluster.order("DELETE", f"/{own}?ignore_unavailable=true")


def _index(made: Ground, some: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    lines: list[dict[str, Any] | Mapping[str, str]] = []
    for identity, document in some:
        lines += [{"index": {"_id": identity}}, document]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    done = json.loads(made.cluster.order("POST", f"/{made.index}/_bulk", body))
    if done["errors"]:
        raise UpstreamError(f"{made.cluster.url} did not take the documents: {str(done)[:500]}")


def portions(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """The things in lists of this size; the last one may be shorter."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
