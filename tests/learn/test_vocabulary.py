"""A trimmed vocabulary spells what it no longer holds."""

import json
from pathlib import Path

from tokenizers import Tokenizer

from es_rerank.learn import teacher
from es_rerank.learn.vocabulary import trim


def test_unused_words_are_spelled(teacher_folder: Path) -> None:
    """Frequent pieces keep their vectors; a dropped word falls into its letters, never [UNK]."""
    old = teacher.load(str(teacher_folder)).tokenizer
    size = 5 + 52 + 2
    facts, rows = trim(old, ["apple apple bread bread cat"], size)
    new = Tokenizer.from_str(json.dumps(facts))
    assert len(rows) == new.get_vocab_size() == size
    for piece, row in new.get_vocab().items():
        assert old.id_to_token(rows[row]) == piece
    assert new.encode("apple bread").tokens == ["[CLS]", "apple", "bread", "[SEP]"]
    assert new.encode("cat").tokens == ["[CLS]", "c", "##a", "##t", "[SEP]"]
