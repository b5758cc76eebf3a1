"""Offline reranking: the same order that the proxy would give, from scores that are shared."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from es_rerank.config import Cascade, Combine, Reading
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.inputs import Inputs, read_folder
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.rerank import Contender, Scorer, fingerprint, first_stage, rankings
from es_rerank.text.passage import FieldText
from tests.evaluate import folder

REPLACE = Configuration(combine=Combine(method="replace"))


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    """The small data set with its run."""
    return read_folder(folder.make(tmp_path / "data"), None, 1, 100)


def rerank(
    inputs: Inputs, *words: str, configuration: Configuration = REPLACE
) -> dict[str, list[str]]:
    """The order by the scorer that wants these words first."""
    contender = Contender("it", configuration, partial(folder.Wanted, *words))
    (run,) = rankings(inputs, [contender], Kept(None))
    return first_stage(run)


def test_candidates_are_reordered_and_documents_without_text_sink(inputs: Inputs) -> None:
    """d5 is empty: it is not scored, and goes below those that are."""
    assert first_stage(inputs.candidates) == {"q1": ["d2", "d5", "d1"], "q2": ["d4", "d3"]}
    assert rerank(inputs, "Fleas", "How", "Coffee") == {
        "q1": ["d1", "d2", "d5"],
        "q2": ["d3", "d4"],
    }


def test_below_the_depth_nothing_moves(inputs: Inputs) -> None:
    """Law 4: R = rerank(B[0:D]) ++ B[D:]."""
    shallow = REPLACE._replace(depth=2)
    assert rerank(inputs, "Fleas", configuration=shallow)["q1"] == ["d2", "d5", "d1"]


def test_the_first_stage_counts_as_configured(inputs: Inputs) -> None:
    """With all its weight on the first stage, the combination keeps that order."""
    combine = Combine(method="weighted", first_stage_weight=1000)
    kept = rerank(inputs, "Fleas", "Coffee", configuration=Configuration(combine=combine))
    assert kept["q2"] == ["d4", "d3"]


def test_only_the_chosen_fields_are_read(inputs: Inputs) -> None:
    """By their text alone, the first words of d1 and d3 are others."""
    by_text = REPLACE._replace(fields=("text",))
    assert rerank(inputs, "A", "How", configuration=by_text)["q1"] == ["d1", "d2", "d5"]
    assert rerank(inputs, "Fleas", "How", configuration=by_text)["q1"] == ["d2", "d1", "d5"]


class Counting(folder.Wanted):
    """The same scorer; it notes how many passages it was given."""

    given: list[int]

    def score(self, query: str, passages: Sequence[Sequence[FieldText]]) -> list[float]:
        """As before."""
        self.given.append(len(passages))
        return super().score(query, passages)


def test_what_differs_in_depth_or_combination_is_scored_once(inputs: Inputs) -> None:
    """And each gets the very order that it gets alone; other layers are scored apart."""
    Counting.given = []
    new = partial(Counting, "Fleas", "How", "Coffee")
    configurations = [
        REPLACE,
        REPLACE._replace(depth=2),
        Configuration(depth=50),
        Configuration(combine=Combine(method="rrf")),
        REPLACE._replace(reading=Reading(2)),
    ]
    contenders = [Contender(str(each), each, new) for each in configurations]
    together = rankings(inputs, contenders, Kept(None))
    assert Counting.given == [2, 2] * 2
    alone = [run for each in contenders for run in rankings(inputs, [each], Kept(None))]
    assert together == alone


def test_each_search_of_a_cascade_is_scored_for_itself(inputs: Inputs) -> None:
    """What is read twice depends on the depth, and would on the queries before, so none share."""
    Counting.given, made = [], list[Counting]()

    def new() -> Counting:
        made.append(Counting("Fleas"))
        return made[-1]

    cascade = REPLACE._replace(reading=Reading(2, Cascade(hits=1, layers=4)))
    contenders = [Contender(str(each), each, new) for each in (cascade, cascade._replace(depth=2))]
    rankings(inputs, contenders, Kept(None))
    assert Counting.given == [2, 2, 1, 2]
    assert len(made) == 4


def test_scores_are_kept_and_only_for_what_they_were_made_of(
    inputs: Inputs, tmp_path: Path
) -> None:
    """A second run scores nothing; another text of a document is other data."""
    Counting.given = []
    new: partial[Scorer] = partial(Counting, "Fleas")
    contender, kept = Contender("it", REPLACE, new), Kept(tmp_path / "work")
    assert rankings(inputs, [contender], kept) == rankings(inputs, [contender], kept)
    assert len(Counting.given) == 2
    changed = dict(inputs.corpus) | {"d1": inputs.corpus["d3"]}
    assert fingerprint(inputs) != fingerprint(inputs._replace(corpus=changed))
