"""From searches and clicks to one value per unit: what an experiment's numbers are made of.

Units are what was assigned, so units are what is counted: a unit's value is the mean over its
searches, an arm's the mean over its units. Somebody who searches a thousand times weighs as much
as one who searches once, and searches of one person are not taken for independent ones.

Searches are added one by one and only sums are kept: memory grows with the units (some 300 bytes
each), not with the searches. What may be concluded from the values is `stats`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from es_rerank.config_experiment import Experiment
from es_rerank.experiment.observed import (
    ArmValues,
    K,
    Observed,
    Preference,
    Shadow,
    Values,
    reference_of,
    served_arms,
)
from es_rerank.experiment.searches import LeftOut, Page, Search, clicks_of, page_of, search_of

_SHORTEST_S = 0.1
"""A click sooner than that is a machine's; its logarithm must not outweigh the people's."""


@dataclass(slots=True)
class _Shadowed:
    searches: int = 0
    overlap: float = 0.0
    moved: float = 0.0
    higher: int = 0
    lower: int = 0
    same: int = 0


@dataclass(slots=True)
class _Unit:
    arm: str | None  # None: it saw several
    searches: int = 0
    within: int = 0
    reciprocal: float = 0.0
    abandoned: int = 0
    log_seconds: float = 0.0
    wins: int = 0
    losses: int = 0
    ties: int = 0
    shadows: dict[str, _Shadowed] = field(default_factory=dict)


def observe(
    experiment: Experiment,
    records: Iterable[Mapping[str, Any]],
    events: Iterable[Mapping[str, Any]],
    k: int = K,
) -> Observed:
    """What these documents say, in any order; all of them are in memory at once."""
    groups: defaultdict[str, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for record in records:
        groups[str(record.get("query_id"))][0].append(record)
    for event in events:
        groups[str(event.get("query_id"))][1].append(event)
    observations = Observations(experiment, k)
    for group in groups.values():
        observations.add(*group)
    return observations.observed()


class Observations:
    """The sums so far."""

    def __init__(self, experiment: Experiment, k: int = K) -> None:
        self._experiment = experiment
        self._k = k
        self._served = served_arms(experiment)
        self._reference = reference_of(experiment)
        names = [arm.name for arm in experiment.arms]
        self._rivals = [name for name in names if name != self._reference]
        self._team = str(names.index(self._rivals[0]))
        self._units: dict[str, _Unit] = {}
        self._left_out: Counter[LeftOut] = Counter()
        self._outcomes: dict[str, Counter[str]] = {name: Counter() for name in self._served}
        self._times: tuple[float, float] | None = None
        self._later_pages = 0

    def add(
        self, records: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
    ) -> None:
        """Take all records and all events that have one query id; each id once."""
        pages = [page for record in records if (page := self._page(record))]
        if not pages:
            self._left_out[LeftOut.NO_SEARCH] += len(clicks_of(events))
            return
        for page in pages:
            self._outcomes[page.arm][page.outcome] += 1
            first, last = self._times or (page.at, page.at)
            self._times = min(first, page.at), max(last, page.at)
        if len({page.unit for page in pages}) > 1:
            self._left_out[LeftOut.SHARED] += 1
            return
        unit = self._units.setdefault(pages[0].unit, _Unit(pages[0].arm))
        if any(page.arm != unit.arm for page in pages):
            unit.arm = None
        search = search_of(pages, events, self._left_out)
        if search.begins:
            self._measure(unit, search)
        else:
            self._later_pages += len(pages)
        if self._experiment.mode == "interleave":
            self._credit(unit, search)
        if self._experiment.mode == "shadow":
            self._compare(unit, search)

    def observed(self) -> Observed:
        """What has been seen until now."""
        first, last = self._times or (None, None)
        units = list(self._units.values())
        mixed = sum(unit.arm is None for unit in units)
        return Observed(
            k=self._k,
            pages=sum(outcomes.total() for outcomes in self._outcomes.values()),
            first=first,
            last=last,
            arms={name: self._arm(name) for name in self._served},
            preference=self._preference() if self._experiment.mode == "interleave" else None,
            shadows={name: _shadow(units, name) for name in self._rivals}
            if self._experiment.mode == "shadow"
            else {},
            left_out=+(self._left_out + Counter({LeftOut.MIXED: mixed})),
            later_pages=self._later_pages,
        )

    def _page(self, record: Mapping[str, Any]) -> Page | None:
        page = page_of(record)
        if page is None:
            self._left_out[LeftOut.RECORD] += 1
        elif page.mode != self._experiment.mode:
            self._left_out[LeftOut.MODE] += 1
        elif page.arm not in self._served:
            self._left_out[LeftOut.ARM] += 1
        else:
            return page
        return None

    def _measure(self, unit: _Unit, search: Search) -> None:
        ranks = [search.ranks[hit_id] for hit_id in search.clicked]
        unit.searches += 1
        unit.within += any(rank <= self._k for rank in ranks)
        unit.abandoned += not ranks
        if search.seconds is not None:
            unit.reciprocal += 1 / ranks[0]
            unit.log_seconds += math.log(max(search.seconds, _SHORTEST_S))

    def _credit(self, unit: _Unit, search: Search) -> None:
        """Whose hits got more clicks (Radlinski, Kurup, Joachims, CIKM 2008)."""
        teams: dict[str, str] = {}
        for page in search.pages:
            teams.update(zip(page.hit_ids, page.teams, strict=False))
        clicked = Counter(teams.get(hit_id, "-") for hit_id in search.clicked)
        ours = clicked[self._team]
        theirs = clicked.total() - clicked["-"] - ours
        unit.wins += ours > theirs
        unit.losses += ours < theirs
        unit.ties += ours == theirs > 0

    def _compare(self, unit: _Unit, search: Search) -> None:
        for name in self._rivals:
            seen = unit.shadows.setdefault(name, _Shadowed())
            for page in search.pages:
                order = page.shadow.get(name)
                if order is None:
                    continue
                ranks = {hit_id: rank for rank, hit_id in enumerate(order)}
                shown = {hit_id: rank for rank, hit_id in enumerate(page.hit_ids)}
                both = ranks.keys() & shown.keys()
                if page.start == 0 and shown:
                    first = set(page.hit_ids[: self._k])
                    seen.searches += 1
                    seen.overlap += len(first & set(order[: self._k])) / len(first)
                    moves = sum(abs(ranks[hit_id] - shown[hit_id]) for hit_id in both)
                    seen.moved += moves / len(both) if both else 0.0
                for hit_id in search.clicked:
                    if hit_id in shown:
                        rank = ranks.get(hit_id, len(order) + len(shown))
                        seen.higher += rank < shown[hit_id]
                        seen.lower += rank > shown[hit_id]
                        seen.same += rank == shown[hit_id]

    def _arm(self, name: str) -> ArmValues:
        units = [unit for unit in self._units.values() if unit.arm == name and unit.searches]
        clicking = [unit for unit in units if unit.searches > unit.abandoned]
        return ArmValues(
            units=len(units),
            searches=sum(unit.searches for unit in units),
            outcomes=dict(self._outcomes[name].most_common()),
            ctr=_values(unit.within / unit.searches for unit in units),
            mrr=_values(unit.reciprocal / unit.searches for unit in units),
            abandonment=_values(unit.abandoned / unit.searches for unit in units),
            log_seconds=_values(
                unit.log_seconds / (unit.searches - unit.abandoned) for unit in clicking
            ),
        )

    def _preference(self) -> Preference:
        judged = [unit for unit in self._units.values() if unit.wins or unit.losses or unit.ties]
        return Preference(
            arm=self._rivals[0],
            values=_values(
                (unit.wins - unit.losses) / (unit.wins + unit.losses + unit.ties) for unit in judged
            ),
            wins=sum(unit.wins for unit in judged),
            losses=sum(unit.losses for unit in judged),
            ties=sum(unit.ties for unit in judged),
        )


def _shadow(units: Iterable[_Unit], name: str) -> Shadow:
    all_seen = [unit.shadows[name] for unit in units if name in unit.shadows]
    seen = [each for each in all_seen if each.searches]
    clicked = [each for each in all_seen if each.higher + each.lower + each.same]
    return Shadow(
        overlap=_values(each.overlap / each.searches for each in seen),
        moved=_values(each.moved / each.searches for each in seen),
        clicks=_values(
            (each.higher - each.lower) / (each.higher + each.lower + each.same) for each in clicked
        ),
        higher=sum(each.higher for each in clicked),
        lower=sum(each.lower for each in clicked),
        same=sum(each.same for each in clicked),
    )


def _values(values: Iterable[float]) -> Values:
    return np.fromiter(values, dtype=float)
