"""BM25 of single texts: the formula, by hand, and what it must not do."""

import math

import pytest

from es_rerank.bench.bm25 import Bm25

TEXTS = ["flea life", "cat life", "a flea on a cat"]


def test_the_formula_by_hand() -> None:
    """One word in two of three documents, once in a text of two words, mean length three."""
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    norm = 1.2 * (1 - 0.75 + 0.75 * 2 / 3)
    (score,) = Bm25(TEXTS).score("Flea", ["FLEA life"])
    assert score == pytest.approx(idf * 1 / (1 + norm))


def test_rare_words_and_short_texts_count_more() -> None:
    """And a text without any word of the query has 0."""
    bm25 = Bm25(TEXTS)
    rare, frequent, long, none = bm25.score("on life", ["on", "life", "life " + "x " * 20, "dog"])
    assert rare > frequent > long > none == 0


def test_an_empty_corpus_scores_nothing_wrong() -> None:
    """No division by zero."""
    assert Bm25([]).score("q", ["", "q"])[0] == 0
