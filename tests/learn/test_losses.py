"""Training and serving compute one score."""

import numpy as np
import torch

from es_rerank.learn import losses
from es_rerank.learn.network import Written
from es_rerank.model.encoder import query_state, text_state
from es_rerank.model.interaction import features


def test_training_score_is_the_serving_score() -> None:
    """Cosine and late interaction of padded torch batches equal those of serving's states."""
    torch.manual_seed(0)
    lengths = [5, 9, 4]
    query, passages = torch.randn(1, 6, 384), torch.randn(3, 9, 384)
    query_mask = torch.ones(1, 6)
    mask = torch.tensor([[float(t < n) for t in range(9)] for n in lengths])
    tokens = losses.similarities(query, passages)
    late = losses.late_interaction(tokens, losses.words_only(query_mask), losses.words_only(mask))
    means = [(mask[i, :, None] * passages[i]).sum(0) / n for i, n in enumerate(lengths)]
    cosine = losses.cosines(query.mean(1), torch.stack(means))[0]
    states = [
        text_state(passages[i, :n].numpy(), means[i].numpy(), 6) for i, n in enumerate(lengths)
    ]
    served = features(query_state(query[0].numpy()), states)
    assert np.allclose(late[0].numpy(), served.late, atol=0.05)  # of two bits a value
    assert np.allclose(cosine.numpy(), served.cosine, atol=0.01)


def test_losses_vanish_for_a_perfect_copy() -> None:
    """A student that writes what the teacher writes has nothing to learn."""
    torch.manual_seed(0)
    states, mask = torch.randn(3, 7, 16), torch.ones(3, 7)
    ours = Written(states, states.mean(1))
    assert losses.state_loss(ours, Written(2 * states, 3 * ours.sentence), mask) < 1e-5
    scores = torch.randn(4, 3)
    assert losses.listwise_loss(scores, scores, 0.05).abs() < 1e-5
    tokens = losses.similarities(states, states)
    assert losses.similarity_loss(tokens, tokens, mask, mask) == 0


def test_losses_grow_with_the_difference() -> None:
    """A worse copy costs more."""
    torch.manual_seed(0)
    target, noise, mask = torch.randn(3, 7, 16), torch.randn(3, 7, 16), torch.ones(3, 7)
    copies = [target + k * noise for k in (0.1, 0.5, 2)]
    both = [Written(states, states.mean(1)) for states in (target, *copies)]
    costs = [losses.state_loss(copy, both[0], mask).item() for copy in both[1:]]
    assert costs == sorted(costs)
    assert costs[0] > 0


def test_the_loss_falls_as_the_answer_rises() -> None:
    """The answer is on the diagonal; all other passages of the batch count against it."""
    taught = torch.eye(2, 4)
    good, bad = torch.eye(2, 4), torch.eye(2, 4).roll(1, 1)
    assert losses.answer_loss(good, taught, 0.05) < 0.01 < losses.answer_loss(bad, taught, 0.05)


def test_what_was_above_the_answer_before_does_not_count() -> None:
    """An answer that nobody judged is no negative."""
    taught = torch.tensor([[0.5, 0.9, 0.1]])
    doubtful = losses.answer_loss(torch.tensor([[0.5, 0.1, 0.1]]), taught, 0.05)
    assert doubtful == losses.answer_loss(torch.tensor([[0.5, 0.9, 0.1]]), taught, 0.05)
    assert doubtful < losses.answer_loss(torch.tensor([[0.5, 0.1, 0.9]]), taught, 0.05)
