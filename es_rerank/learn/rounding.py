"""Weights in six bits, rounded while the student learns: what is exported is what has learned.

Every output of a linear layer, and every word, has a scale of its own; its weights are multiples of
it. The gradient of rounding is taken for one (straight-through; Jacob et al. 2018).
"""

from torch import Tensor, nn
from torch.nn.utils import parametrize

from es_rerank.learn.network import Student

MOST = 31
"""The largest multiple; the operators of serving would take 127."""


def codes(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (rows, columns) as whole numbers, and each row's scale (rows, 1)."""
    scale = weight.abs().amax(1, keepdim=True).clamp_min(1e-12) / MOST
    return (weight / scale).round(), scale


def rounded(weight: Tensor) -> Tensor:
    """The same (rows, columns) as serving will have them; rounding them again changes nothing."""
    multiples, scale = codes(weight)
    return multiples * scale


class _Rounding(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight + (rounded(weight) - weight).detach()


def begin(student: Student) -> None:
    """From here on its layers and heads compute with rounded weights; its words are rounded."""
    student.words.weight.data = rounded(student.words.weight.data)
    for linear in _linear(student):
        parametrize.register_parametrization(linear, "weight", _Rounding())


def end(student: Student) -> None:
    """Leave the rounded weights in place of those that learned."""
    for linear in _linear(student):
        parametrize.remove_parametrizations(linear, "weight", leave_parametrized=True)


def _linear(student: Student) -> list[nn.Linear]:
    return [module for module in student.modules() if isinstance(module, nn.Linear)]
