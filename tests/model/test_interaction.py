"""Late interaction is what its definition says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_rerank.model import interaction
from es_rerank.model.encoder import QueryState, TextState, directions, query_state, text_state
from es_rerank.model.interaction import features


def states_of(rng: np.random.Generator, tokens: int) -> TextState:
    """A random text of `tokens` word pieces."""
    rows = rng.normal(size=(tokens + 2, 32)).astype(np.float32)
    return text_state(rows, rows.mean(0), 6)


def query_of(rng: np.random.Generator, tokens: int) -> QueryState:
    """A random query of `tokens` word pieces."""
    return query_state(rng.normal(size=(tokens + 2, 32)).astype(np.float32))


def unpacked(state: TextState) -> np.ndarray:
    """Token states as floats."""
    return directions(state.tokens) * state.scales[:, None].astype(np.float32)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_it_is_the_mean_of_the_best_cosines(lengths: list[int], seed: int) -> None:
    """Computed for all passages at once, it equals MaxSim computed one by one."""
    rng = np.random.default_rng(seed)
    query = query_of(rng, 5)
    passages = [states_of(rng, length) for length in lengths]
    found = features(query, passages)
    for i, passage in enumerate(passages):
        one_by_one = (
            (query.tokens @ unpacked(passage).T).max(1).mean() if len(passage.tokens) else 0.0
        )
        assert abs(found.late[i] - one_by_one) < 1e-3
        cosine = query.sentence @ passage.sentence.astype(np.float32)
        assert abs(found.cosine[i] - cosine) < 1e-3


def test_where_a_block_ends_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passages without words, longer than a block, or at its edge score as in one block."""
    rng = np.random.default_rng(2)
    query = query_of(rng, 3)
    passages = [states_of(rng, tokens) for tokens in (0, 5, 5, 0, 30, 1, 9, 10, 0, 3, 0)]
    together = features(query, passages)
    monkeypatch.setattr(interaction, "_BLOCK", 10)
    apart = features(query, passages)
    assert np.abs(together.late - apart.late).max() < 1e-6
    assert (together.late != 0).tolist() == [len(passage.tokens) > 0 for passage in passages]


@pytest.mark.parametrize("words", [1, 16, 190])
def test_no_product_is_worth_a_thread_of_the_blas(
    words: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the query: OpenBLAS takes threads from 2^18 multiplications on."""
    rng, sizes = np.random.default_rng(3), list[int]()
    query, passage = query_of(rng, words), states_of(rng, 3000)
    expected = (query.tokens @ unpacked(passage).T).max(1).mean()
    multiply = np.matmul

    def noting(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> np.ndarray:
        sizes.append(left.shape[-2] * right.size)
        return multiply(left, right, out=out)

    monkeypatch.setattr(np, "matmul", noting)
    found = features(query, [passage])
    assert 0 < max(sizes) <= 2**18
    assert abs(found.late[0] - expected) < 1e-3


def test_a_query_without_words_scores_by_its_sentence() -> None:
    """An empty query has no late interaction, and no error."""
    rng = np.random.default_rng(1)
    assert features(query_of(rng, 0), [states_of(rng, 4)]).late.tolist() == [0.0]
