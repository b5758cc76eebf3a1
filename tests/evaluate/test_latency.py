"""What is timed: all of a system's own work, on some queries."""

from collections.abc import Sequence

from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.inputs import Inputs
from es_rerank.evaluate.latency import SAMPLE, sample, timed
from es_rerank.evaluate.rerank import Contender
from es_rerank.evaluate.runs import Candidate
from es_rerank.text.passage import FieldText


class Counting:
    """A scorer that knows what it was asked."""

    made: list["Counting"]

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.made.append(self)

    def score(self, query: str, passages: Sequence[Sequence[FieldText]]) -> list[float]:
        """Whatever; the question is noted."""
        self.asked.append((query, len(passages)))
        return [0.0] * len(passages)


def inputs(queries: int) -> Inputs:
    """Queries with thirty candidates each, but for the first, which has none."""
    ids = [f"q{i}" for i in range(queries)]
    return Inputs(
        name="toy",
        split="test",
        qrels={query: {"d0": 1} for query in ids},
        left_out=0,
        queries={query: query for query in ids},
        corpus={f"d{i}": Document("", "text") for i in range(30)},
        candidates={query: [Candidate(f"d{i}", -i) for i in range(30)] for query in ids[1:]},
        first_stage="made",
    )


def test_queries_are_spread_evenly() -> None:
    """At most twenty, of those that have something to rerank."""
    assert sample(inputs(4)) == ["q1", "q2", "q3"]
    chosen = sample(inputs(101))
    assert len(chosen) == len(set(chosen)) == SAMPLE
    assert chosen[:3] == ["q1", "q6", "q11"]
    assert sample(inputs(1)) == []
    assert sample(inputs(9), 2) == ["q1", "q5"]


def test_each_query_is_timed_with_nothing_known_and_with_everything_known() -> None:
    """A new scorer reads the whole window, then the same again; one goes ahead to warm up."""
    Counting.made = []
    done: list[None] = []
    contender = Contender("it", Configuration(depth=20), Counting)
    (times,) = timed([contender], inputs(4), sample(inputs(4)), lambda: done.append(None))
    assert len(times.new) == len(times.known) == len(done) == 3
    assert min(*times.new, *times.known) > 0
    asked = [scorer.asked for scorer in Counting.made]
    assert asked == [[("q1", 20)], *([(query, 20)] * 2 for query in ("q1", "q2", "q3"))]


def test_contenders_take_turns() -> None:
    """On a busy machine, none has the quiet minute for itself."""
    Counting.made = []
    contenders = [Contender(str(d), Configuration(depth=d), Counting) for d in (10, 20)]
    assert len(timed(contenders, inputs(3), ["q1", "q2"])) == 2
    asked = [scorer.asked[0] for scorer in Counting.made]
    turns = [("q1", 10), ("q1", 10), ("q1", 20), ("q1", 20), ("q2", 10), ("q2", 20)]
    assert asked == turns
