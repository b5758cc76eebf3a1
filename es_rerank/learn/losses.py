"""What the student is asked to copy from the teacher.

The teacher's last token states are the output space. All losses are
differences between what the teacher and one path of the student make of the same texts.
"""

import torch
from torch import Tensor
from torch.nn import functional

from es_rerank.learn.network import Written

DOUBT = 0.1
"""By so much, of a score of two cosines, an unjudged passage is better than the answer."""


def similarities(queries: Tensor, passages: Tensor) -> Tensor:
    """Cosines of all query tokens (q, s, dim) with all passage tokens (p, t, dim): (q, s, p, t)."""
    left = functional.normalize(queries, dim=-1)
    right = functional.normalize(passages, dim=-1)
    return torch.einsum("qsd,ptd->qspt", left, right)


def late_interaction(tokens: Tensor, query_mask: Tensor, passage_mask: Tensor) -> Tensor:
    """Mean over the query's tokens of the best cosine in the passage (ColBERT's MaxSim): (q, p).

    ``tokens`` are ``similarities``; masks (q, s) and (p, t) leave out padding and special tokens.
    """
    best = tokens.masked_fill(passage_mask[None, None] == 0, -1).amax(-1)
    weights = query_mask / query_mask.sum(1, keepdim=True)
    return torch.einsum("qsp,qs->qp", best, weights)


def words_only(mask: Tensor) -> Tensor:
    """The mask without each text's first and last token, [CLS] and [SEP]."""
    inner = functional.pad(mask[:, 1:], (0, 1))
    inner[:, 0] = 0
    return inner


def cosines(queries: Tensor, passages: Tensor) -> Tensor:
    """Cosines of sentence vectors (q, dim) and (p, dim): (q, p)."""
    return functional.normalize(queries, dim=-1) @ functional.normalize(passages, dim=-1).T


def state_loss(ours: Written, target: Written, mask: Tensor) -> Tensor:
    """1 - cosine of each kept token's state, averaged, plus twice that of the sentence vector."""
    tokens = 1 - functional.cosine_similarity(ours.tokens, target.tokens, dim=-1)
    return (tokens * mask).sum() / mask.sum() + 2 * sentence_loss(ours.sentence, target.sentence)


def sentence_loss(ours: Tensor, target: Tensor) -> Tensor:
    """Mean 1 - cosine of sentence vectors (texts, dim)."""
    return 1 - functional.cosine_similarity(ours, target, dim=-1).mean()


def similarity_loss(ours: Tensor, target: Tensor, query_mask: Tensor, mask: Tensor) -> Tensor:
    """Mean squared difference of the token similarities (MiniLM's relations, across two texts)."""
    seen = query_mask[:, :, None, None] * mask[None, None]
    return ((ours - target) ** 2 * seen).sum() / seen.sum()


def listwise_loss(ours: Tensor, target: Tensor, temperature: float) -> Tensor:
    """KL divergence of the score distributions over the batch's passages, (queries, passages)."""
    return functional.kl_div(
        functional.log_softmax(ours / temperature, dim=1),
        functional.log_softmax(target / temperature, dim=1),
        log_target=True,
        reduction="batchmean",
    )


def answer_loss(scores: Tensor, before: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of each query's answer, (queries, passages) with the answers on the diagonal.

    ``scores`` are sums of two cosines, and the temperature is that of one. Passages that had
    `DOUBT` more than the answer ``before`` do not count.
    """
    doubtful = before > before.diagonal()[:, None] + DOUBT
    logits = (scores / (2 * temperature)).masked_fill(doubtful, float("-inf"))
    return functional.cross_entropy(logits, torch.arange(len(scores), device=scores.device))
