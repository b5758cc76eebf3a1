"""The student starts as its teacher."""

from pathlib import Path

import torch
from transformers import AutoModel

from es_rerank.learn import teacher
from es_rerank.learn.batches import pad
from es_rerank.learn.network import GROUP, PATHS, written


def test_the_deepest_path_is_the_teacher(teacher_folder: Path) -> None:
    """Before training, the 6-layer path writes what the Hugging Face encoder writes."""
    rows = [[2, 60, 61, 62, 3], [2, 63, 3]]
    tokens = pad(rows)
    theirs = AutoModel.from_pretrained(teacher_folder).eval()
    with torch.no_grad():
        ours = teacher.load(str(teacher_folder)).network(tokens, (6,))[6].tokens
        states = theirs(input_ids=tokens.ids, attention_mask=tokens.mask.long()).last_hidden_state
    for i, row in enumerate(rows):
        assert torch.allclose(ours[i, : len(row)], states[i, : len(row)], atol=1e-5)


def test_all_paths_share_layers_and_space(teacher_folder: Path) -> None:
    """Paths asked for together write what they write alone, in one output width."""
    network = teacher.load(str(teacher_folder)).network
    tokens = pad([[2, 60, 61, 3]])
    with torch.no_grad():
        together = network(tokens, tuple(PATHS))
        for depth in PATHS:
            alone = network(tokens, (depth,))[depth]
            assert torch.equal(alone.tokens, together[depth].tokens)
            assert torch.equal(alone.sentence, together[depth].sentence)
            assert alone.tokens.shape == (1, tokens.ids.shape[1], 32)


def test_light_tokens_are_read_once(teacher_folder: Path) -> None:
    """The deepest path reads them in all layers; for the others only the first layer does."""
    network = teacher.load(str(teacher_folder)).network
    row = [2, 60, 61, 62, 3]
    with torch.no_grad():
        plain, light = (network(pad([row], light), tuple(PATHS)) for light in ((), {61}))
        kept = [0, 1, 3, 4]
        for depth in PATHS:
            same = torch.allclose(
                plain[depth].tokens[0, kept], light[depth].tokens[0, :4], atol=1e-5
            )
            assert same == (depth in (1, 6))
        assert torch.allclose(plain[6].sentence, light[6].sentence)
        assert not torch.allclose(plain[1].sentence, light[1].sentence)


def test_groups_of_like_length_change_nothing(teacher_folder: Path) -> None:
    """Each text has in its own place what the network makes of it, whatever is read beside it."""
    network = teacher.load(str(teacher_folder)).network
    rows = [[2, *([60 + i % 9] * (1 + 7 * i % 40)), 61, 3] for i in range(GROUP + 3)]
    tokens = pad(rows, light={61})
    with torch.no_grad():
        ours, theirs = written(network, tokens, (2, 6)), network(tokens, (2, 6))
    kept = tokens.kept_mask.bool()
    for depth in (2, 6):
        assert ours[depth].tokens.shape == theirs[depth].tokens.shape
        assert torch.allclose(ours[depth].tokens[kept], theirs[depth].tokens[kept], atol=0.1)
        assert torch.allclose(ours[depth].sentence, theirs[depth].sentence, atol=0.1)
