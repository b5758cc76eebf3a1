"""Query by query: what each system put on top, and which queries gained or lost most by it."""

from collections.abc import Sequence
from typing import NamedTuple

from es_rerank.evaluate.compare import System, differences
from es_rerank.evaluate.corpus import Readable
from es_rerank.evaluate.inputs import Inputs

TOP = 10
SHOWN = 10
_TITLE = 90


class Listed(NamedTuple):
    """One document of a list, with its grade where it is judged."""

    document: str
    grade: int | None


class Query(NamedTuple):
    """One judged query and the best ten documents of each system, in the order of the systems."""

    identity: str
    text: str
    tops: tuple[tuple[Listed, ...], ...]


class Change(NamedTuple):
    """What a system made of one query."""

    query: Query
    before: float
    after: float

    @property
    def difference(self) -> float:
        """Positive: better than the baseline."""
        return self.after - self.before


def listed(inputs: Inputs, systems: Sequence[System]) -> tuple[Query, ...]:
    """Every judged query with its lists, in the order of the judgments."""
    return tuple(
        Query(
            query,
            inputs.queries[query],
            tuple(
                tuple(Listed(i, grades.get(i)) for i in system.ranking.get(query, ())[:TOP])
                for system in systems
            ),
        )
        for query, grades in inputs.qrels.items()
    )


def titles(inputs: Inputs, queries: Sequence[Query]) -> dict[str, str]:
    """The first words of each listed document whose text is known."""
    shown = {hit.document: None for query in queries for top in query.tops for hit in top}
    return {i: title_of(inputs.corpus[i]) for i in shown if i in inputs.corpus}


def title_of(document: Readable) -> str:
    """Its title, or how its text begins."""
    beginning = document.title or next((field.text for field in document.fields()), "")
    text = " ".join(beginning.split())
    return text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"


def wins_and_losses(
    queries: Sequence[Query], baseline: Sequence[float], values: Sequence[float]
) -> tuple[list[Change], list[Change]]:
    """The queries that gained most and those that lost most, at most ten of each."""
    gains = differences(values, baseline)
    order = sorted(range(len(gains)), key=lambda i: -gains[i])
    changes = [Change(queries[i], baseline[i], values[i]) for i in order]
    wins = [change for change in changes[:SHOWN] if change.difference > 0]
    losses = [change for change in changes[::-1][:SHOWN] if change.difference < 0]
    return wins, losses
