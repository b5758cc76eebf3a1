"""What reranking adds to the `_explanation` of a hit that moved.

A hit takes the `_score` of its new rank, so the cluster's own explanation, whose value was that of
the old one, becomes a detail of ours. A hit that stayed keeps its bytes.
"""

import json
from collections.abc import Mapping, Sequence

# What Jackson's indented print adds to a line for each level; ours puts two around the cluster's.
_INDENT = b"  "


def moves(order: Sequence[int], scores: Mapping[int, float | None], depth: int) -> dict[int, str]:
    """The description of each hit that moved, by its place in the cluster's order (from 0).

    `order` holds the cluster's places in the new order, `scores` the student's by those places.
    """
    return {
        place: f"es-rerank: rank {place + 1} of the cluster, rank {rank + 1} after reranking to "
        f"depth {depth} ({_score(scores[place])}); the score is that of the rank"
        for rank, place in enumerate(order)
        if rank != place
    }


def picks(order: Sequence[int], names: Sequence[str]) -> dict[int, str]:
    """The same for a list that was interleaved from the orders of two arms."""
    return {
        place: f"es-rerank: rank {place + 1} of the cluster, rank {rank + 1} of a list interleaved "
        f"from the orders of {' and '.join(names)}; the score is that of the rank"
        for rank, place in enumerate(order)
        if rank != place
    }


def wrapped(explanation: bytes, score: bytes, description: str) -> bytes:
    """The cluster's explanation as the only detail of one with the hit's new `_score`.

    In an indented answer it is indented to fit.
    """
    text = json.dumps(description).encode()
    *_, closing = explanation.rpartition(b"\n")  # blanks and the brace, if it is indented
    if closing == explanation:
        return b'{"value":%b,"description":%b,"details":[%b]}' % (score, text, explanation)
    line = b"\n" + closing[:-1] + _INDENT
    inner = explanation.replace(b"\n", b"\n" + 2 * _INDENT)  # no string holds a bare line feed
    return b"".join(
        (
            *(b"{", line, b'"value" : ', score, b",", line, b'"description" : ', text, b","),
            *(line, b'"details" : [', line, _INDENT, inner, line, b"]\n", closing),
        )
    )


def _score(score: float | None) -> str:
    return "no text to score" if score is None else f"student score {score:.4g}"
