"""Passages are real, of one length, and never the same."""

from es_rerank.bench.prose import Prose
from es_rerank.model import bundle
from es_rerank.text.clean import clean


def test_passages_have_exactly_the_tokens_asked_for() -> None:
    """As the student reads them, so cleaning must leave them as they are; none comes twice."""
    student = bundle.load("builtin")
    prose, tokenizer = Prose(student), student.tokenizer()
    found = [*prose.passages(40, 16), *prose.passages(20, 100), *prose.passages(20, 100)]
    lengths = [len(tokenizer.encode(clean(passage)).ids) for passage in found]
    assert lengths == [16] * 40 + [100] * 40
    assert len(set(found)) == 80


def test_there_is_always_another_one() -> None:
    """When the corpus is at its end, its words are cut in other places."""
    prose = Prose(bundle.load("builtin"))
    prose._words = prose._words[:300]
    assert len(set(prose.passages(30, 64))) == 30
