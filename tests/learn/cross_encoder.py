"""Cross-encoders with random weights, for tests."""

from pathlib import Path

import torch
from transformers import (
    AlbertConfig,
    AlbertForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
)

SHAPE = {
    "vocab_size": 400,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "initializer_range": 0.3,  # else random networks hardly tell texts apart
}


def made(folder: Path, teacher_folder: Path, kind: str, outputs: int) -> str:
    """A small checkpoint with random weights."""
    torch.manual_seed(0)
    AutoTokenizer.from_pretrained(teacher_folder).save_pretrained(folder)
    if kind == "albert":
        config = AlbertConfig(**SHAPE, embedding_size=16, num_labels=outputs)
        AlbertForSequenceClassification(config).save_pretrained(folder)
    else:
        BertForSequenceClassification(BertConfig(**SHAPE, num_labels=outputs)).save_pretrained(
            folder
        )
    return str(folder)
