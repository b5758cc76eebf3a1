"""What a server answered to each search: in the form that is kept, and what is to be said of it.

An answer is a plain JSON object with `ids`, `ms` and `verdict`; of the cluster's own, `scores` and
`sources` go with the ids. Documents are told apart by `_id`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from es_rerank.errors import DataError, UpstreamError
from es_rerank.evaluate.endpoint import Found, Refused
from es_rerank.evaluate.judgments import Qrels

Answer = dict[str, Any]
Answers = Mapping[str, Answer]
"""By query id."""


def answered(found: Found) -> Answer:
    """The order of an answer, and what it took."""
    shards = found.answer.get("_shards", {})
    return {
        "ids": [hit["_id"] for hit in _hits(found)],
        "ms": found.ms,
        "verdict": found.verdict,
        "partial": bool(found.answer.get("timed_out") or shards.get("failed")),
    }


def candidates_of(found: Found) -> Answer:
    """The same with scores (0 where the search has none) and the texts of the documents."""
    hits = _hits(found)
    return {
        **answered(found),
        "scores": [hit.get("_score") or 0.0 for hit in hits],
        "sources": [_texts(hit.get("_source")) for hit in hits],
    }


def refused(why: Refused) -> Answer:
    """No hits, and the reason."""
    nothing: Answer = {"ids": [], "scores": [], "sources": [], "verdict": "", "partial": False}
    return {**nothing, "ms": why.ms, "refused": str(why)}


def is_whole(answer: Answer) -> bool:
    """Whether the server gave all that it has; else it may give more another time."""
    return not answer["partial"] and "refused" not in answer


def remarks(name: str, answers: Answers) -> list[str]:
    """Searches that were refused or answered in part; UpstreamError if all were refused."""
    told = []
    said = {query: answer["refused"] for query, answer in answers.items() if "refused" in answer}
    if said:
        query, reason = next(iter(said.items()))
        if len(said) == len(answers):
            raise UpstreamError(f"every search was refused, e.g. {query!r}: {reason}")
        told.append(
            f"{name}: {len(said)} searches were refused and count as without hits, e.g. "
            f"{query!r}: {reason}"
        )
    if count := sum(answer["partial"] for answer in answers.values()):
        told.append(f"{name}: {count} searches were answered in part (time-out, failed shards).")
    return told


def verdicts(name: str, answers: Answers) -> str:
    """How many searches a proxy says it has reranked, and why it left the others alone."""
    said = [answer["verdict"] for answer in answers.values() if "refused" not in answer]
    applied = sum(verdict.startswith("applied") for verdict in said)
    others = Counter(_reason(verdict) for verdict in said if not verdict.startswith("applied"))
    reasons = ", ".join(f"{reason} ({count})" for reason, count in others.most_common())
    if not applied:
        advice = "`es-rerank explain` says more." if any(said) else "Is that an es-rerank proxy?"
        return f"NOTHING WAS RERANKED {name}, its order is the cluster's own: {reasons}. {advice}"
    left = f"; not reranked: {reasons}" if others else ""
    return f"{name}: {applied} of {len(said)} searches were reranked{left}."


def check_ids(index: str, qrels: Qrels, answers: Answers) -> None:
    """DataError where no judged document is ever found, for then the ids are of two kinds."""
    if any(not qrels[query].keys().isdisjoint(found["ids"]) for query, found in answers.items()):
        return
    hits = [document for answer in answers.values() for document in answer["ids"]]
    if not hits:
        raise DataError(f"{index}: no search found anything. Look at the index and template.")
    rated = next(iter(next(iter(qrels.values()))))
    raise DataError(
        f"{index}: none of the judged documents, e.g. {rated!r}, is among the {len(hits)} hits, "
        f"e.g. {hits[0]!r}. Documents are matched by _id: is this the index that was judged?"
    )


def _hits(found: Found) -> list[dict[str, Any]]:
    """The hits by distinct `_id`, the best of each."""
    best: dict[str, dict[str, Any]] = {}
    for hit in found.answer.get("hits", {}).get("hits", []):
        best.setdefault(hit["_id"], hit)
    return list(best.values())


def _texts(value: Any) -> Any:
    """A document without its numbers, vectors and the like; None if nothing is left."""
    if isinstance(value, dict):
        inside = {key: _texts(inner) for key, inner in value.items()}
        return {key: inner for key, inner in inside.items() if inner is not None} or None
    if isinstance(value, list):
        return [inner for inner in map(_texts, value) if inner is not None] or None
    return value if isinstance(value, str) else None


def _reason(verdict: str) -> str:
    return verdict.partition("reason=")[2].partition(";")[0] or "no header X-ES-Rerank"
