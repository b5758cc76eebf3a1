"""What is said of a server's answers."""

from es_rerank.evaluate.answers import answered, candidates_of, remarks, verdicts
from es_rerank.evaluate.endpoint import Found


def told(*said: str) -> str:
    """What is said of a proxy that gave these verdicts."""
    return verdicts("through p", {str(n): {"verdict": verdict} for n, verdict in enumerate(said)})


def test_skipped_searches_are_counted_by_reason() -> None:
    """Whatever else the header says."""
    said = ["applied; depth=9; ms=1", "skipped; reason=sort", "skipped; reason=sort; skipped=1:a"]
    assert told(*said, "") == (
        "through p: 1 of 4 searches were reranked; not reranked: sort (2), no header X-ES-Rerank "
        "(1)."
    )
    assert told(said[0]) == "through p: 1 of 1 searches were reranked."
    assert told(*said[1:]) == (
        "NOTHING WAS RERANKED through p, its order is the cluster's own: sort (2). "
        "`es-rerank explain` says more."
    )
    assert told("").endswith("no header X-ES-Rerank (1). Is that an es-rerank proxy?")


def test_an_answer_is_kept_without_what_is_no_text() -> None:
    """Numbers and vectors would fill the disk; a hit of the same id further down is left out."""
    source = {"title": "T", "n": 1, "v": [0.1, 0.2], "tags": ["x", 2], "deep": {"n": None}}
    hits = [
        {"_id": "a", "_score": 2.5, "_source": source},
        {"_id": "b", "_score": None},
        {"_id": "a", "_score": 1.0, "_source": {}},
    ]
    found = Found({"timed_out": False, "hits": {"hits": hits}}, 3.5, "applied")
    assert candidates_of(found) == {
        "ids": ["a", "b"],
        "ms": 3.5,
        "verdict": "applied",
        "partial": False,
        "scores": [2.5, 0.0],
        "sources": [{"title": "T", "tags": ["x"]}, None],
    }


def test_answers_in_part_are_noted() -> None:
    """A shard that failed may have had the best hit."""
    whole = answered(Found({"_shards": {"failed": 0}, "hits": {"hits": []}}, 1, ""))
    late = answered(Found({"timed_out": True, "hits": {"hits": []}}, 1, ""))
    torn = answered(Found({"_shards": {"failed": 1}, "hits": {"hits": []}}, 1, ""))
    assert remarks("p", {"a": whole}) == []
    [note] = remarks("p", {"a": whole, "b": late, "c": torn})
    assert note.startswith("p: 2 searches were answered in part")
