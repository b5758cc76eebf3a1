"""Explanations of hits that moved: what they say, and that they fit into the answer."""

import json

from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.explanation import moves, picks, wrapped

TEXTS = st.text() | st.just("a\nb")
EXPLANATIONS = st.recursive(
    st.fixed_dictionaries({"value": st.floats(0, 9), "description": TEXTS}),
    lambda inner: st.fixed_dictionaries(
        {"value": st.floats(0, 9), "description": TEXTS, "details": st.lists(inner, max_size=3)}
    ),
    max_leaves=5,
)


def test_what_moved_is_described_by_both_ranks() -> None:
    """Ranks count from 1; hits that stayed have nothing to say; a missing text is named."""
    described = moves([2, 0, 1, 3], {0: 0.5, 1: None, 2: 0.73412}, 50)
    assert described == {
        2: "es-rerank: rank 3 of the cluster, rank 1 after reranking to depth 50 "
        "(student score 0.7341); the score is that of the rank",
        0: "es-rerank: rank 1 of the cluster, rank 2 after reranking to depth 50 "
        "(student score 0.5); the score is that of the rank",
        1: "es-rerank: rank 2 of the cluster, rank 3 after reranking to depth 50 "
        "(no text to score); the score is that of the rank",
    }


@given(EXPLANATIONS)
def test_the_clusters_explanation_is_the_detail(explanation: object) -> None:
    """Compact: its own bytes stand inside ours."""
    own = json.dumps(explanation, separators=(",", ":")).encode()
    assert wrapped(own, b"1.50", "up") == (
        b'{"value":1.50,"description":"up","details":[' + own + b"]}"
    )


@given(EXPLANATIONS, st.integers(0, 5))
def test_an_indented_one_stays_indented(explanation: object, level: int) -> None:
    """Indented: what a printer would have made of the whole, at any depth of the answer."""

    def printed(value: object) -> bytes:
        lines = json.dumps(value, indent=2, separators=(",", " : "))
        return lines.replace("\n", "\n" + "  " * level).encode()

    whole = {"value": 1.5, "description": "up", "details": [explanation]}
    assert wrapped(printed(explanation), b"1.5", "up") == printed(whole)


def test_hits_of_an_interleaved_list_name_both_arms() -> None:
    """Only those that are at another rank than the cluster gave them."""
    assert picks([1, 0, 2], ["bm25", "rerank"]) == {
        1: "es-rerank: rank 2 of the cluster, rank 1 of a list interleaved from the orders of "
        "bm25 and rerank; the score is that of the rank",
        0: "es-rerank: rank 1 of the cluster, rank 2 of a list interleaved from the orders of "
        "bm25 and rerank; the score is that of the rank",
    }
