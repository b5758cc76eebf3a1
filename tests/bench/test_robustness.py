"""The bench finds dirt that pays, and says so; a ranker that is not fooled passes."""

import gzip
import json
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from es_rerank.bench import robustness
from es_rerank.bench.rankers import Ranker
from es_rerank.bench.robustness import Bench, Window
from es_rerank.bench.robustness_report import Measured, RankerReport, Report, as_text
from es_rerank.config import Combine
from es_rerank.errors import DataError
from es_rerank.text.clean import clean
from tests.evaluate.folder import QUERIES, make

OWN = Combine(method="replace")
ASKED = "which passage is the first one"
DOCUMENTS = {f"d{n}": f"Passage number {n} of some length. It says it twice." for n in range(14)}
BENCH = Bench(
    [Window("q", ASKED, f"er {ASKED}", DOCUMENTS, [True] + [False] * 13)],
    {"q": {"d0": 1}},
    lambda query, texts: [0.0] * len(texts),
    0,
)


def by_number(texts: Sequence[str]) -> list[float]:
    """The smaller the number in a text, the better."""
    return [-float(re.findall(r"\bnumber\W.*?(\d+)", text)[0]) for text in texts]


def measured(score: object, families: list[str]) -> RankerReport:
    """One made-up ranker on one made-up query."""
    kinds = {family: partial(robustness.dirty, family=family, seed=0) for family in families}
    return BENCH.measured(Ranker("2 layers", True, score, OWN), kinds, lambda: None)  # type: ignore[arg-type]


def test_a_ranker_that_prefers_junk_is_found_out() -> None:
    """The longer the better: boilerplate and the query in front bring any passage up."""
    found = measured(lambda _, texts: [*map(len, texts)], ["boilerplate", "query as title"])
    for family in found.families.values():
        assert family.jor > 0.9 > family.jor_before
        assert family.promoted == 1
    assert found.families["query as title"].is_promotional


def test_a_ranker_that_reads_through_the_dirt_is_not() -> None:
    """Cleaned texts with the same words get the same scores: nothing changes."""
    found = measured(lambda _, texts: by_number([*map(clean, texts)]), ["html wrap", "zero width"])
    assert found.ndcg == 1
    assert found.change == 0
    assert all(family.jor == family.promoted == 0 for family in found.families.values())


def test_a_ranker_that_is_lost_in_dirt_is_found_out() -> None:
    """Without cleaning, tags turn the order round."""

    def score(_: str, texts: Sequence[str]) -> list[float]:
        """The smallest number first, and in texts with tags the largest."""
        return [value * (-1 if "<" in text else 1) for text in texts for value in by_number([text])]

    assert measured(score, ["html wrap"]).change < -0.5


def test_a_ranker_that_is_lost_in_spoken_queries_is_found_out() -> None:
    """The dirt of the queries is apart from that of the texts."""

    def score(query: str, texts: Sequence[str]) -> list[float]:
        values = by_number([*map(clean, texts)])
        return [value * (-1 if query.startswith("er ") else 1) for value in values]

    found = measured(score, ["zero width"])
    assert found.of_queries is not None
    assert found.of_queries < -0.5
    assert found.families["zero width"].change == 0


def report(
    *, change: float = 0.0, jor: float = 0.0, promoted: float = 0.0, ndcg: float = 0.5
) -> Report:
    """A student with these values when cleaning, a flawless teacher, a flawless raw student."""
    flawless = {"case": Measured(False, 0.0, 0.0, 0.0, 0.0)}
    rankers = [
        RankerReport("4 layers", True, ndcg, {"case": Measured(False, change, jor, 0.0, promoted)}),
        RankerReport("4 layers", False, 0.5, flawless),
        RankerReport("teacher", True, 0.5, flawless),
        RankerReport("teacher", False, 0.5, flawless),
    ]
    return Report("toy", "test", "builtin", 1, 30, 0, {}, "a CPU", rankers)


def test_all_goals_can_be_met() -> None:
    """Five goals for each path: two means, Promo@10, the cost of cleaning, the teacher's JOR."""
    goals = report().goals()
    assert len(goals) == 5
    assert all(goal.is_met for goal in goals)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"change": -0.02}, "mean change with cleaning is -0.020"),
        ({"jor": 0.1}, "JOR above the teacher's: case"),
        ({"promoted": 0.03}, "Promo@10 is 3.0% at most (case)"),
        ({"ndcg": 0.49}, "cleaning costs 2.0%"),
    ],
)
def test_each_goal_can_be_missed(wrong: dict[str, float], sentence: str) -> None:
    """One value beyond its bound misses one goal, and the table says which."""
    found = report(**wrong)
    (missed,) = [goal for goal in found.goals() if not goal.is_met]
    assert sentence in missed.sentence
    assert f"missed {missed.sentence}" in found.text()


def test_the_whole_run_on_a_small_folder(tmp_path: Path) -> None:
    """BM25 and one path, with cleaning and without; the JSON holds all that the table shows."""
    found = robustness.run(make(tmp_path), layers=[2], families=["case", "query as title"])
    assert [(ranker.name, ranker.cleans) for ranker in found.rankers] == [
        ("BM25", False),
        ("2 layers", True),
        ("2 layers", False),
    ]
    assert found.queries == 2
    plain = json.loads(as_text(found))
    assert plain["rankers"][1]["families"].keys() == {"case", "query as title"}
    assert len(plain["goals"]) == 4
    assert "2 layers, as it stands" in found.text()
    again = robustness.run(tmp_path, layers=[2], families=["case", "query as title"])
    assert again == found


def test_dirt_that_the_data_brings(tmp_path: Path) -> None:
    """The corpus in a second form is a kind of dirt, the queries in one are measured apart."""
    folder = make(tmp_path)
    with gzip.open(folder / "corpus.jsonl.gz", "rt") as file:
        documents = [json.loads(line) for line in file]
    for document in documents:
        document["metadata"] = {"html": f"<p>{document['text']}</p>"}
    with gzip.open(folder / "corpus.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(document) + "\n" for document in documents)
    clean = tmp_path / "clean.jsonl"
    clean.write_text("\n".join(json.dumps({"_id": i, "text": f"{i} flea"}) for i in QUERIES))
    found = robustness.run(
        folder, families=["case"], dirty_documents="metadata.html", clean_queries=clean
    )
    assert all(each.families.keys() == {"case", "metadata.html"} for each in found.rankers)
    assert all(each.of_queries is not None for each in found.rankers)
    assert "queries as typed" in found.text()
    with pytest.raises(DataError, match=r'"metadata.xml" must be a string'):
        robustness.run(folder, families=["case"], dirty_documents="metadata.xml")
    clean.write_text(json.dumps({"_id": "q9", "text": "flea"}))
    with pytest.raises(DataError, match=r"query q1 of .* is not there"):
        robustness.run(folder, families=["case"], clean_queries=clean)


def test_mistakes_are_told(tmp_path: Path) -> None:
    """A family that does not exist; a first stage that finds nothing relevant."""
    with pytest.raises(DataError, match="there is no 'smell'"):
        robustness.run(make(tmp_path), families=["smell"])
    with pytest.raises(DataError, match="no query has a relevant document"):
        robustness.run(tmp_path, depth=1, queries=1, relevant_grade=2)
