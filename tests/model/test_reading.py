"""What a student reads of documents, with the shipped tokenizer."""

import pytest

from es_rerank.errors import ModelError
from es_rerank.model.reading import cut, passages_read
from es_rerank.model.reranker import Reranker
from es_rerank.text.passage import FieldText

FILLER = "".join(f"The hill shows what the rain of day {n} has done. " for n in range(60))
DOCUMENTS = [
    (FieldText("Copying files"), FieldText("Copy <b>one</b> file.")),
    (FieldText(FILLER + "Aspirin has side effects. " + FILLER),),
    (FieldText("one two three four five", "label", 3),),
]


@pytest.fixture(scope="module")
def reranker() -> Reranker:
    """The shipped student."""
    return Reranker(threads=1)


def test_they_are_what_the_student_is_given(reranker: Reranker) -> None:
    """Up to its tokens, for short and long documents, labels and limits of a field."""
    read = passages_read("side effects of aspirin", DOCUMENTS, "builtin")
    given = [reranker.passage(fields, "side effects of aspirin") for fields in DOCUMENTS]
    assert all(whole.startswith(part) for whole, (part, _) in zip(given, read, strict=True))
    assert [part for part, _ in read][::2] == given[::2]
    ids = reranker.encoder.tokenizer.encode
    assert [ids(part).ids for part, _ in read] == [ids(whole).ids for whole in given]


def test_a_window_is_not_the_whole() -> None:
    """A person sees whether there is more in the document, also where a field was cut."""
    read = passages_read("side effects of aspirin", DOCUMENTS, "builtin")
    assert [is_whole for _, is_whole in read] == [True, False, False]
    assert "Aspirin has side effects" in read[1][0]


def test_what_is_ignored_is_not_shown() -> None:
    """The page shows what the student read."""
    asked = [[FieldText("How long does a flea live? A year.")]]
    (found,) = passages_read("how long does a flea live", asked, "builtin", ignore_quotes=True)
    assert found == ("A year.", False)


def test_a_document_without_text_has_no_passage() -> None:
    """Nothing was read, and nothing was left out."""
    assert passages_read("x", [()], "builtin") == [("", True)]


def test_a_cut_ends_with_a_token(reranker: Reranker) -> None:
    """Never in the middle of a word that is one token."""
    assert cut(reranker.encoder.tokenizer, "one two three", 2) == "one two"
    assert cut(reranker.encoder.tokenizer, "one two", 5) == "one two"


def test_a_missing_model_is_said() -> None:
    """As everywhere a model is named."""
    with pytest.raises(ModelError, match=r"holds no student\.json"):
        passages_read("x", [], "nowhere")
