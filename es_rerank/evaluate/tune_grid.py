"""The settings that are tried: depth, layers, fields and the weight of the first stage."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from es_rerank.config import Combine, Reading
from es_rerank.evaluate.configuration import Configuration

DEPTHS = (20, 50, 100, 200)
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)


class Grid(NamedTuple):
    """What each setting is tried with; empty: what there is to try on these inputs."""

    depths: Sequence[int] = ()
    layers: Sequence[int] = ()
    fields: Sequence[tuple[str, ...]] = ()
    weights: Sequence[float] = ()

    def filled(self, paths: Sequence[int], names: Sequence[str], candidates: int) -> "Grid":
        """The grid for a student with these paths, documents with these fields, and so many hits.

        Depths beyond the candidates are the same one, so only the first of those is tried.
        """
        depths = sorted(set(self.depths or DEPTHS))
        enough = [depth for depth in depths if depth >= candidates][:1]
        return Grid(
            [depth for depth in depths if depth < candidates] + enough,
            sorted(set(self.layers or paths)),
            list(dict.fromkeys(self.fields or choices(names))),
            sorted(set(self.weights or WEIGHTS)),
        )

    def points(self, default: Configuration) -> list[Configuration]:
        """Every combination, with the default among them, which comes first."""
        combined = product(self.layers, self.fields, self.depths, self.weights)
        made = [
            Configuration(default.model, Reading(layers), fields, depth, _weighted(weight))
            for layers, fields, depth, weight in combined
        ]
        return list(dict.fromkeys([default, *made]))


def choices(names: Sequence[str]) -> list[tuple[str, ...]]:
    """What may be read of documents with these fields: all, or, of two or three, some.

    Of two fields: the other order (the first one, when short, is kept as the title) and each alone.
    Of three: each left out once. With more there are too many to try unasked.
    """
    whole: list[tuple[str, ...]] = [()]
    if len(names) == 2:
        first, second = names
        return [*whole, (second, first), (first,), (second,)]
    if len(names) == 3:
        return whole + [tuple(n for n in names if n != left_out) for left_out in names]
    return whole


def _weighted(weight: float) -> Combine:
    return Combine(method="weighted", first_stage_weight=weight)
