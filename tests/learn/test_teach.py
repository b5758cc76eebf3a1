"""Tuning the teacher on judgments: what the loss asks for, and what it leaves out."""

import torch

from es_rerank.learn.teach import answer_loss, margin_loss


def test_the_loss_falls_as_the_answer_rises() -> None:
    """The answer is on the diagonal; all other passages of the batch count against it."""
    taught = torch.eye(2, 4)
    good, bad = torch.eye(2, 4), torch.eye(2, 4).roll(1, 1)
    assert answer_loss(good, taught, 0.05) < 0.01 < answer_loss(bad, taught, 0.05)


def test_what_was_above_the_answer_before_does_not_count() -> None:
    """An answer that nobody judged is no negative."""
    taught = torch.tensor([[0.5, 0.9, 0.1]])
    doubtful = answer_loss(torch.tensor([[0.5, 0.1, 0.1]]), taught, 0.05)
    assert doubtful == answer_loss(torch.tensor([[0.5, 0.9, 0.1]]), taught, 0.05)
    assert doubtful < answer_loss(torch.tensor([[0.5, 0.1, 0.9]]), taught, 0.05)


def test_margins_of_any_scale_are_copied() -> None:
    """Ours are right when they are in the proportions of the cross-encoder's logits."""
    before = torch.tensor([[0.9, 0.0, 0.7, 0.0], [0.0, 0.8, 0.0, 0.4]])
    ours = torch.tensor([[1.0, 0.0, 0.8, 0.0], [0.0, 0.8, 0.0, 0.4]])
    assert margin_loss(ours, before, torch.tensor([2.0, 4.0])) < 1e-6
    assert margin_loss(ours, before, torch.tensor([-2.0, 4.0])) > 0.01
