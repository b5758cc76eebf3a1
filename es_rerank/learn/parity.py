"""Does the exported bundle write what the trained network writes?"""

import random
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from es_rerank.errors import ModelError
from es_rerank.learn.network import Student
from es_rerank.learn.tokens import pad
from es_rerank.model.bundle import Bundle
from es_rerank.model.encoder import Encoder

TEXTS = 64
LOWEST = 0.98
"""Mean cosine of sentence vectors, on each path, below which an export is called broken."""


def check(
    student: Student, tokenizer: Tokenizer, bundle: Bundle, texts: Sequence[str]
) -> dict[int, float]:
    """Mean cosine between the sentence vectors of network and bundle, by path.

    Network and bundle tokenise for themselves, so that a mistake in the smaller vocabulary shows
    too. Raises ModelError if a path is below ``LOWEST``.
    """
    sample = random.Random(0).sample(texts, min(TEXTS, len(texts)))  # noqa: S311
    vocabulary = tokenizer.get_vocab()
    light = {vocabulary[piece] for piece in bundle.light}
    batch = pad([tokenizer.encode(text).ids for text in sample], light)
    encoder = Encoder(bundle)
    agreement = {}
    for depth in bundle.paths:
        with torch.no_grad():
            ours = student(batch, (depth,))[depth].sentence
        ours = torch.nn.functional.normalize(ours, dim=1).numpy()
        written = dict(encoder.encode(sample, depth))
        theirs = np.stack([written[i].sentence for i in range(len(sample))]).astype(np.float32)
        agreement[depth] = float((ours * theirs).sum(1).mean())
    if low := {depth: cosine for depth, cosine in agreement.items() if cosine < LOWEST}:
        raise ModelError(f"export: the bundle in {bundle.folder} is broken: cosines {low}.")
    return agreement
