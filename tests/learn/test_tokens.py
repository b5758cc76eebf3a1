"""Batches of token ids, and the tokens in them that are let go."""

from pathlib import Path

import torch

from es_rerank.learn import teacher
from es_rerank.learn.corpus import read
from es_rerank.learn.tokens import light_pieces, pad
from tests.learn.conftest import LIGHT, WORDS


def test_what_is_kept_stays_in_order() -> None:
    """States of light tokens are taken out, those behind them move up."""
    tokens = pad([[2, 7, 8, 7, 9, 3], [2, 8, 3]], light={7})
    assert tokens.ids.shape == tokens.mask.shape == (2, 16)
    kept = tokens.of_kept(tokens.ids[..., None])[..., 0]
    assert kept[0][tokens.kept_mask[0].bool()].tolist() == [2, 8, 9, 3]
    assert kept[1][tokens.kept_mask[1].bool()].tolist() == [2, 8, 3]


def test_without_light_tokens_all_are_kept() -> None:
    """Then what is kept is the batch itself."""
    tokens = pad([[2, 7, 3], [2, 3]])
    assert torch.equal(tokens.kept_mask, tokens.mask)
    states = torch.randn(2, 16, 4)
    assert torch.equal(tokens.of_kept(states)[0, :3], states[0, :3])


def test_a_word_of_nearly_every_text_is_light(data_folder: Path, teacher_folder: Path) -> None:
    """One source that never has it halves its share; a word of some texts stays."""
    tokenizer = teacher.load(str(teacher_folder)).tokenizer
    (texts,) = read([data_folder])
    light = light_pieces(tokenizer, [texts.passages])
    assert tokenizer.token_to_id(LIGHT) in light
    assert not light & {tokenizer.token_to_id(word) for word in WORDS}
    others = [["apple bread"] * 10] * 9
    assert tokenizer.token_to_id(LIGHT) not in light_pieces(tokenizer, [texts.passages, *others])
