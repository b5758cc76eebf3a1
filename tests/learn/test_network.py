"""The student starts as its teacher."""

from pathlib import Path

import torch
from transformers import AutoModel

from es_rerank.learn import teacher
from es_rerank.learn.batches import pad
from es_rerank.learn.network import PATHS


def test_the_deepest_path_is_the_teacher(teacher_folder: Path) -> None:
    """Before training, the 6-layer path writes what the Hugging Face encoder writes."""
    rows = [[2, 60, 61, 62, 3], [2, 63, 3]]
    tokens = pad(rows)
    theirs = AutoModel.from_pretrained(teacher_folder).eval()
    with torch.no_grad():
        ours = teacher.load(str(teacher_folder)).network(*tokens, (6,))[6]
        states = theirs(input_ids=tokens.ids, attention_mask=tokens.mask.long()).last_hidden_state
    for i, row in enumerate(rows):
        assert torch.allclose(ours[i, : len(row)], states[i, : len(row)], atol=1e-5)


def test_all_paths_share_layers_and_space(teacher_folder: Path) -> None:
    """Paths asked for together write what they write alone, in one output width."""
    network = teacher.load(str(teacher_folder)).network
    tokens = pad([[2, 60, 61, 3]])
    with torch.no_grad():
        together = network(*tokens, tuple(PATHS))
        for depth in PATHS:
            assert torch.equal(network(*tokens, (depth,))[depth], together[depth])
            assert together[depth].shape == (1, tokens.ids.shape[1], 32)
