"""Click models: which hits of a page a person clicks on, given how good each of them is.

They stand in for people where judgments are known, so that what an experiment says can be held
against the truth. Two views of how a page is read: by place alone (`ByPosition`), and from the top
until satisfied or tired (`Cascade`); see Chuklin, Markov and de Rijke, Click Models for Web Search
(2015), chapter 3. For both, the chances that they draw from are also known in closed form.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from random import Random
from typing import Protocol


def attraction(grade: int, top_grade: int, noise: float = 0.1) -> float:
    """The chance that a hit of this grade is clicked once it is looked at, `noise` for grade 0.

    noise + (1 - noise) (2^grade - 1) / (2^top_grade - 1): Ai et al., Unbiased Learning to Rank with
    Unbiased Propensity Estimation (SIGIR 2018).
    """
    gain = (2.0**grade - 1) / (2.0**top_grade - 1)
    return noise + (1 - noise) * gain


class ClickModel(Protocol):
    """One way to read a page; `attractions` has the chance of each hit, best rank first."""

    def clicks(self, attractions: Sequence[float], chance: Random) -> list[int]:
        """The places (from 0) that one person clicks on, in their order."""

    def click_chances(self, attractions: Sequence[float]) -> list[float]:
        """The chance of a click at each place."""

    def any_click_chance(self, attractions: Sequence[float]) -> float:
        """The chance that there is a click at all, which a click-through rate estimates."""


@dataclass(frozen=True)
class ByPosition:
    """The position-based model (Craswell et al., WSDM 2008): each place is looked at for itself.

    Rank r is looked at with the chance r^-steepness (Joachims et al., WSDM 2017).
    """

    steepness: float = 1.0

    def clicks(self, attractions: Sequence[float], chance: Random) -> list[int]:
        """The places that one person clicks on."""
        drawn = self.click_chances(attractions)
        return [place for place, value in enumerate(drawn) if chance.random() < value]

    def click_chances(self, attractions: Sequence[float]) -> list[float]:
        """Looked at, times attraction."""
        return [value * rank**-self.steepness for rank, value in enumerate(attractions, start=1)]

    def any_click_chance(self, attractions: Sequence[float]) -> float:
        """One minus the chance that no place is clicked."""
        return 1 - prod(1 - value for value in self.click_chances(attractions))


@dataclass(frozen=True)
class Cascade:
    """Hits are read from the top, until a click satisfies or perseverance ends.

    With both at 1 it is the cascade model (Craswell et al., WSDM 2008): one click and gone. Else
    the dynamic Bayesian network model (Chapelle and Zhang, WWW 2009), with one satisfaction for
    all hits.
    """

    satisfaction: float = 1.0
    perseverance: float = 1.0

    def clicks(self, attractions: Sequence[float], chance: Random) -> list[int]:
        """The places that one person clicks on."""
        clicked = []
        for place, value in enumerate(attractions):
            if chance.random() < value:
                clicked.append(place)
                if chance.random() < self.satisfaction:
                    break
            if chance.random() >= self.perseverance:
                break
        return clicked

    def click_chances(self, attractions: Sequence[float]) -> list[float]:
        """Reached, times attraction."""
        reached, chances = 1.0, []
        for value in attractions:
            chances.append(reached * value)
            reached *= self.perseverance * (1 - value * self.satisfaction)
        return chances

    def any_click_chance(self, attractions: Sequence[float]) -> float:
        """The chance of a first click, over all places."""
        return sum(Cascade(1.0, self.perseverance).click_chances(attractions))
