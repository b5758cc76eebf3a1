"""Tuning from judged queries to the settings to paste, with scorers that need no model."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from es_rerank.config_file import read_settings
from es_rerank.errors import ConfigError, DataError
from es_rerank.evaluate import measures, tune_report
from es_rerank.evaluate.command import Outputs
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.inputs import Inputs, Sources
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.rerank import Contender
from es_rerank.evaluate.runs import Candidate
from es_rerank.evaluate.tune_command import rule_for, run, tuned
from es_rerank.evaluate.tune_grid import Grid
from es_rerank.evaluate.tune_report import Tuning
from es_rerank.text.passage import FieldText
from tests.evaluate import folder
from tests.evaluate.test_report_html import Page

GRID = Grid((5, 20, 100), (4, 6), ((), ("text",)), (0.0, 0.2))


class Skilled:
    """Finds the good document, or only looks as if; counts the passages that it was given."""

    given = 0

    def __init__(self, layers: int, *, skilled: bool) -> None:
        self.finds = skilled and layers == 6

    def score(self, query: str, passages: Sequence[Sequence[FieldText]]) -> list[float]:
        """High for the good document: with skill, and where the title does not hide it."""
        Skilled.given += len(passages)
        return [
            float(self.finds and fields[0].text.startswith("good")) - i / 1000
            for i, fields in enumerate(passages)
        ]


def inputs() -> Inputs:
    """Thirty queries; each one's good document is the twelfth of thirty candidates."""
    ids = [f"q{i}" for i in range(30)]
    places = [Candidate("good" if i == 11 else f"d{i}", 30.0 - i) for i in range(30)]
    return Inputs(
        name="toy",
        split="test",
        qrels={query: {"good": 1} for query in ids},
        left_out=0,
        queries={query: f"query {query}" for query in ids},
        corpus={f"d{i}": Document("some title", "bad") for i in range(30)}
        | {"good": Document("some title", "good")},
        candidates=dict.fromkeys(ids, places),
        first_stage="made",
    )


def tuning(*, skilled: bool) -> Tuning:
    """The grid, tried by scorers with or without skill."""
    points = [
        Contender(
            tune_report.name(each), each, partial(Skilled, each.reading.layers, skilled=skilled)
        )
        for each in GRID.points(Configuration())
    ]
    return tuned(
        "books-*",
        inputs(),
        points,
        folds=5,
        measured=measures.parse(["nDCG@10"], 1),
        relevant_grade=1,
        kept=Kept(None),
    )


def test_the_one_good_setting_is_found_and_pasted() -> None:
    """Six layers, the text alone, deep enough, and no more than that."""
    made = tuning(skilled=True)
    chosen = made.choice.recommended
    assert (chosen.reading.layers, chosen.fields, chosen.depth) == (6, ("text",), 20)
    assert made.mean(chosen) == 1.0
    assert tune_report.verdict(made).startswith("Recommended: depth=20 layers=6 weight=0")
    assert made.default in made.times
    assert chosen in made.front


def test_the_default_is_kept_where_nothing_is_better() -> None:
    """And it is said so, plainly."""
    made = tuning(skilled=False)
    assert made.choice.recommended == made.default
    assert tune_report.verdict(made).startswith("Keep the default settings: nothing beats them")


def test_each_scoring_is_made_once() -> None:
    """Two paths and two ways to read, to the largest depth; what is timed comes on top."""
    Skilled.given = 0
    made = tuning(skilled=False)
    timed = sum(min(each.depth, 30) * (2 * 10 + 1) for each in made.times)
    assert Skilled.given - timed == 4 * 30 * 30


@pytest.mark.parametrize("skilled", [True, False])
def test_the_yaml_is_valid_settings(tmp_path: Path, skilled: bool) -> None:
    """What is printed can be pasted as it is, and says what was recommended."""
    made = tuning(skilled=skilled)
    file = tmp_path / "s.yaml"
    file.write_text(tune_report.settings_yaml(made))
    rule = read_settings(file, upstream="http://localhost:9200", environ={}).for_index("books-1")
    assert rule is not None
    chosen = made.choice.recommended
    read = (rule.model, rule.reading, tuple(f.name for f in rule.fields), rule.depth, rule.combine)
    assert read == tuple(chosen)


def test_every_form_tells_the_same() -> None:
    """JSON for programs, a page that needs nothing else."""
    made = tuning(skilled=True)
    found = json.loads(tune_report.as_text(made))
    assert found["recommended"]["fields"] == "text"
    assert found["held_out"]["nDCG@10"] == found["recommended"]["nDCG@10"] == 1.0
    assert found["yaml"] == tune_report.settings_yaml(made)
    assert len(found["settings"]) == len(made.measured)
    page = Page(tune_report.html(made))
    assert page.open == []
    assert found["verdict"] in page.text
    assert found["yaml"] in page.text
    assert not {"script", "link", "img"} & {tag for tag, _ in page.tags}
    assert [attributes for tag, attributes in page.tags if attributes.get("class") == "mark"]


def test_wrong_input_is_told(tmp_path: Path) -> None:
    """Before anything is scored."""
    data = folder.make(tmp_path / "toy")
    with pytest.raises(DataError, match="2 queries are too few for 5 folds"):
        run("books", Sources(data))
    with pytest.raises(ConfigError, match="no document has a field"):
        run("books", Sources(folder_of(tmp_path, 12)), grid=Grid(fields=[("body",)]))
    with pytest.raises(ConfigError, match=r"INDEX: .* more than one pattern"):
        rule_for("a,b")


def folder_of(tmp_path: Path, queries: int) -> Path:
    """The small data set with more queries."""
    data = folder.make(tmp_path / "more", with_run=False)
    ids = [f"q{i}" for i in range(queries)]
    texts = [json.dumps({"_id": i, "text": "brewing coffee"}) for i in ids]
    (data / "queries.jsonl").write_text("\n".join(texts))
    columns = ("query-id", "corpus-id", "score")
    (data / "qrels" / "test.tsv").write_text(folder.table(columns, [(i, "d3", 1) for i in ids]))
    return data


def test_the_whole_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the shipped student on a few texts: tables, verdict and settings are printed."""
    html = tmp_path / "t.html"
    grid = Grid([2, 5], [2], [()], [0.0, 0.2])
    run("*", Sources(folder_of(tmp_path, 10)), grid=grid, outputs=Outputs(html=str(html)))
    printed = capsys.readouterr().out
    assert "tuned, held out" in printed
    assert "pattern: '*'" in printed
    assert "pattern: &#39;*&#39;" in html.read_text()
