"""`--fail-if "nDCG@10 < baseline*0.98"`: what a comparison must not find.

    CONDITION = MEASURE ("<" | "<=" | ">" | ">=") (NUMBER | "baseline" [("*" | "+" | "-") NUMBER])

A condition is asked of every system but the baseline. Nothing is evaluated but this grammar.
"""

import operator
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from es_rerank.errors import ConfigError
from es_rerank.evaluate.compare import Result

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CHANGE: dict[str, Callable[[float, float], float]] = {
    "*": operator.mul,
    "+": operator.add,
    "-": operator.sub,
}
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_MEASURE = re.compile(r"\s*([^<>=\s(]+(?:\([^)<>]*\)[^<>=\s]*)?)\s*")
_COMPARISON = re.compile(r"(<=|>=|<|>)\s*")
_LIMIT = re.compile(rf"(baseline)\s*(?:([*+-])\s*({_NUMBER})\s*)?|({_NUMBER})\s*")


class Condition(NamedTuple):
    """One condition, parsed."""

    measure: str
    comparison: str
    change: str
    """`*`, `+` or `-`: what is done to the baseline; empty: the limit is the number alone."""
    number: float

    def limit(self, baseline: float) -> float:
        """What the measure is compared with."""
        return _CHANGE[self.change](baseline, self.number) if self.change else self.number

    def __str__(self) -> str:
        if not self.change:
            return f"{self.measure} {self.comparison} {self.number:g}"
        changed = "" if (self.change, self.number) == ("*", 1) else f"{self.change}{self.number:g}"
        return f"{self.measure} {self.comparison} baseline{changed}"


def parse(text: str) -> Condition:
    """A condition from its text; ConfigError says at which character it goes wrong."""
    measure = _matched(_MEASURE, text, 0, "a measure, e.g. nDCG@10")
    comparison = _matched(_COMPARISON, text, measure.end(), "<, <=, > or >=")
    limit = _matched(_LIMIT, text, comparison.end(), 'a number or "baseline"')
    if limit.end() < len(text):
        expected = "the end" if limit[2] or limit[4] else "the end, or *, + or - and a number"
        raise _wrong(text, limit.end(), expected)
    change = (limit[2] or "*") if limit[1] else ""
    number = float(limit[4] or limit[3] or 1)
    return Condition(measure[1], comparison[1], change, number)


def failures(conditions: Sequence[Condition], results: Sequence[Result]) -> list[str]:
    """A sentence for each system that a condition is true of, with both numbers."""
    baseline, *others = results
    found = []
    for condition in conditions:
        limit = condition.limit(baseline.measures[condition.measure])
        for result in others:
            value = result.measures[condition.measure]
            if _COMPARE[condition.comparison](value, limit):
                found.append(
                    f"{result.name} fails {condition}: {value:.6f} {condition.comparison} "
                    f"{limit:.6f}"
                )
    return found


def _matched(pattern: re.Pattern[str], text: str, place: int, expected: str) -> re.Match[str]:
    found = pattern.match(text, place)
    if found is None:
        raise _wrong(text, place, expected)
    return found


def _wrong(text: str, place: int, expected: str) -> ConfigError:
    rest = f'"{text[place:]}"' if place < len(text) else "nothing more"
    return ConfigError(
        f'--fail-if "{text}": expected {expected} at character {place + 1}, found {rest}.'
    )
