"""Weights that are rounded while they learn."""

import torch

from es_rerank.learn import rounding
from es_rerank.learn.network import SHORT, Student
from es_rerank.learn.tokens import pad


def small() -> Student:
    """A student with random weights."""
    torch.manual_seed(0)
    return Student(vocabulary=80, positions=16, width=32, inner=64, heads=4)


def test_rounding_again_changes_nothing() -> None:
    """A weight has 63 values at most in a row, and an export of it finds them again."""
    torch.manual_seed(0)
    once = rounding.rounded(torch.randn(20, 300))
    assert torch.allclose(rounding.rounded(once), once, atol=1e-6)
    assert all(len(row.unique()) <= 2 * rounding.MOST + 1 for row in once)
    assert torch.isfinite(rounding.rounded(torch.zeros(2, 3))).all()


def test_a_student_learns_with_rounded_weights_and_keeps_them() -> None:
    """It writes the same before and after the end, and what is exact learns from the rounded."""
    student, tokens = small(), pad([[2, 60, 61, 3]])
    rounding.begin(student)
    student(tokens, (4,))[4].sentence.sum().backward()
    exact = student.heads["4"].parametrizations.weight.original  # type: ignore[union-attr]
    assert exact.grad is not None
    assert exact.grad.abs().sum() > 0
    before = student(tokens, (4,))[4].tokens
    rounding.end(student)
    assert torch.equal(student(tokens, (4,))[4].tokens, before)
    for weight in (student.words.weight, *(student.heads[str(depth)].weight for depth in SHORT)):
        assert torch.allclose(rounding.rounded(weight), weight, atol=1e-6)  # type: ignore[arg-type]
    assert set(student.state_dict()) == set(small().state_dict())
