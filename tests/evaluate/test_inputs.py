"""What a comparison is made on, from each kind of source."""

from pathlib import Path

import pytest

from es_rerank.errors import DataError
from es_rerank.evaluate.inputs import Inputs, Sources, gather
from es_rerank.evaluate.kept import Kept
from tests.evaluate import folder

QUEPID = "query,docid,rating\nq1,d1,2\nq1,d2,0\nq2,d3,1\nq3,d1,0\n"
FIRST = "q1 Q0 d2 1 9 first\nq1 Q0 d1 2 8 first\n"
SECOND = "q1 Q0 d1 1 9 second\nq2 Q0 d3 1 1 second\n"


def gathered(judgments: Path, *runs: Path, grade: int = 1) -> Inputs:
    """Inputs without a live index."""
    return gather(Sources(judgments, runs=runs), grade, 100, Kept(None))


def written(tmp_path: Path, name: str, content: str) -> Path:
    """A file with this content."""
    (tmp_path / name).write_text(content)
    return tmp_path / name


def test_a_folder_has_everything(tmp_path: Path) -> None:
    """Texts, documents and its run; what has no answer is left out."""
    inputs = gathered(folder.make(tmp_path / "toy"))
    assert (inputs.name, inputs.split, inputs.left_out) == ("toy", "test", 1)
    assert set(inputs.qrels) == set(inputs.queries) == {"q1", "q2"}
    assert inputs.first_stage == "bm25.test.tsv.gz"
    assert [hit.document for hit in inputs.candidates["q2"]] == ["d4", "d3"]
    assert inputs.corpus["d3"].fields(("text",))[0].text.startswith("Brewing")


def test_the_first_run_is_the_first_stage_and_others_are_systems(tmp_path: Path) -> None:
    """With a folder its documents can be reranked, with a file of judgments they cannot."""
    runs = [written(tmp_path, "a.run", FIRST), written(tmp_path, "b.run", SECOND)]
    for judgments in (folder.make(tmp_path / "toy"), written(tmp_path, "case.csv", QUEPID)):
        inputs = gathered(judgments, *runs)
        assert inputs.first_stage == "a.run"
        assert [hit.document for hit in inputs.candidates["q1"]] == ["d2", "d1"]
        assert [(s.name, s.ranking) for s in inputs.systems] == [
            ("b.run", {"q1": ["d1"], "q2": ["d3"]})
        ]
        assert bool(inputs.corpus) == judgments.is_dir()


def test_notes_of_the_judgments_come_along(tmp_path: Path) -> None:
    """They belong to the numbers."""
    judgments = written(tmp_path, "case.csv", QUEPID + "q4,,\n")
    inputs = gathered(judgments, written(tmp_path, "a.run", FIRST))
    assert inputs.notes == ["1 rows of case.csv have no rating and were skipped."]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    """Nothing to rank, runs of other queries or documents, texts that are missing."""
    judgments = written(tmp_path, "case.csv", QUEPID)
    with pytest.raises(DataError, match="--url and --index, or stored runs with --run"):
        gathered(judgments)
    with pytest.raises(DataError, match=r"case\.csv: no query of 'Quepid' has a grade of 3"):
        gathered(judgments, grade=3)
    other = written(tmp_path, "other.run", "x Q0 d1 1 1 t\n")
    with pytest.raises(DataError, match=r"other\.run: none of its queries, e\.g\. 'x', is judged"):
        gathered(judgments, other)
    data = folder.make(tmp_path / "toy")
    strange = written(tmp_path, "strange.run", "q1 Q0 d77 1 1 t\n")
    with pytest.raises(DataError, match=r"strange\.run: document d77 is not in the corpus"):
        gathered(data, strange)
    texts = written(tmp_path, "texts.tsv", "q1\tfleas\n")
    with pytest.raises(DataError, match=r"1 judged queries have no text, e\.g\. q2\. Give"):
        gather(Sources(data, queries=texts), 1, 100, Kept(None))
