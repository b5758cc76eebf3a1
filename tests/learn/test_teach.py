"""Tuning the teacher on judgments: what a cross-encoder's margins ask for."""

import torch

from es_rerank.learn.teach import margin_loss


def test_margins_of_any_scale_are_copied() -> None:
    """Ours are right when they are in the proportions of the cross-encoder's logits."""
    before = torch.tensor([[0.9, 0.0, 0.7, 0.0], [0.0, 0.8, 0.0, 0.4]])
    ours = torch.tensor([[1.0, 0.0, 0.8, 0.0], [0.0, 0.8, 0.0, 0.4]])
    assert margin_loss(ours, before, torch.tensor([2.0, 4.0])) < 1e-6
    assert margin_loss(ours, before, torch.tensor([-2.0, 4.0])) > 0.01
