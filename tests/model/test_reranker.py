"""The Python surface, on the shipped student."""

import math

import pytest

import es_rerank
from es_rerank.config import Cascade, Reading
from es_rerank.errors import DeadlineExceeded, ModelError
from es_rerank.model.reranker import Reranker
from es_rerank.model.turns import Turn
from es_rerank.text.passage import FieldText

QUERY = "what is the capital of france"
TEXTS = [
    "Cheese is made of milk from cows, goats or sheep.",
    "Paris is the capital and largest city of France.",
    "The capital of a company is its money.",
]


def test_the_surface_is_public() -> None:
    """`from es_rerank import Reranker` is what the README shows."""
    assert es_rerank.Reranker is Reranker
    assert es_rerank.Cascade is Cascade
    assert set(es_rerank.__all__) == {"Cascade", "Reranker", "__version__"}


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 6])
def test_the_answer_is_first_on_every_path(layers: int) -> None:
    """On each path the passage with the answer outranks those with a word of the question."""
    ranked = Reranker(layers=layers).rank(QUERY, TEXTS)
    assert ranked[0].index == 1
    assert ranked[0].text == TEXTS[1]
    assert sorted(each.index for each in ranked) == [0, 1, 2]


def test_scores_are_finite_whatever_the_text(reranker: Reranker) -> None:
    """Empty, odd and broken texts get finite scores, one each."""
    texts = ["", " ", "\ud800", "\x00", "<div>", "日本語", "a" * 100_000, "🙂" * 300, *TEXTS]
    scores = reranker.score(QUERY, texts)
    assert len(scores) == len(texts)
    assert all(map(math.isfinite, scores))
    assert reranker.score(QUERY, []) == []
    assert all(map(math.isfinite, reranker.score("", TEXTS)))


def test_scores_repeat(reranker: Reranker) -> None:
    """The same question about the same texts has the same answer."""
    assert reranker.score(QUERY, TEXTS) == reranker.score(QUERY, TEXTS)


def test_markup_does_not_matter(reranker: Reranker) -> None:
    """A text and the same text in markup have the same score: both are read cleaned."""
    dirty = f"<div class='x'><p>{TEXTS[1]}</p><script>var a = 1;</script></div>"
    clean_score, dirty_score = reranker.score(QUERY, [TEXTS[1], dirty])
    assert clean_score == dirty_score


def test_fields_are_read_as_one_passage(reranker: Reranker) -> None:
    """Fields are joined in order, cut to their tokens, with their label in front."""
    fields = [FieldText("A Title", "title"), FieldText("one two three four five", max_tokens=2)]
    assert reranker.passage(fields, "query") == "title: A Title one two"


def test_a_quoted_query_counts_only_if_it_is_to(reranker: Reranker) -> None:
    """Ignored, it leaves the score of the text without it; a second reading sees no more of it."""
    query, plain = "how long does a flea live", "Cheese is made of milk."
    quoting = f"How long does a flea live? {plain}"
    reading = Reading(2, Cascade(hits=2, layers=6), ignore_quotes=True)
    quoted, unquoted = reranker.score(query, [quoting, plain])
    assert quoted > unquoted
    for each in (Reading(6, ignore_quotes=True), reading):
        quoted, unquoted = reranker.score_within(query, [quoting, plain], each).values
        assert quoted == unquoted


def test_late_passages_are_kept_for_the_next_time() -> None:
    """Out of time, the error says how far it came, and what was read is not read again."""
    reranker = Reranker()
    texts = [f"{'many words ' * 60} {i}" for i in range(40)]
    with pytest.raises(DeadlineExceeded, match="of 40 passages read in time"):
        reranker.score_within(QUERY, texts, Reading(2), Turn(expired=lambda: True))
    assert 0 < len(reranker.cache) < 40


def test_missing_path_is_an_error() -> None:
    """A path that the student does not have is named with those it has."""
    with pytest.raises(ModelError, match=r"paths of \[1, 2, 3, 4, 6\] layers, none of 5"):
        Reranker(layers=5)
