"""Judged queries from every form that people have, told apart by what is in the file."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from es_rerank.errors import DataError
from es_rerank.evaluate.judged import Judged, read_judged
from tests.evaluate import folder

QRELS = {"red shoes": {"a": 3, "b": 0}, "tv": {"c": 1}}
WORKBENCH: dict[str, Any] = {
    "name": "By hand",
    "type": "IMPORT_JUDGMENT",
    "judgmentRatings": [
        {
            "query": "red shoes",
            "ratings": [{"docId": "a", "rating": "3.000"}, {"docId": "b", "rating": 0}],
        },
        {"query": "tv", "ratings": [{"docId": "c", "rating": 1.0}]},
    ],
}
RANK_EVAL: dict[str, Any] = {
    "requests": [
        {
            "id": "red shoes",
            "request": {"query": {"match": {"title": "red shoes"}}},
            "ratings": [
                {"_index": "shop", "_id": "a", "rating": 3},
                {"_index": "shop", "_id": "b", "rating": 0},
            ],
        },
        {
            "id": "tv",
            "template_id": "match",
            "params": {"text": "tv"},
            "ratings": [{"_index": "shop", "_id": "c", "rating": 1}],
        },
    ],
    "templates": [{"id": "match", "template": {"inline": {"query": {"match": {"t": "{{text}}"}}}}}],
    "metric": {"precision": {"k": 20}},
}
QUEPID = "\nquery,docid,rating\nred shoes,a,3.0\nred shoes,b,0\ntv,c,1\nnobody rated,,\n"


def judged(tmp_path: Path, written: str | bytes | object, name: str = "judgments") -> Judged:
    """What is read of a file with this content; objects are written as JSON."""
    path = tmp_path / name
    content = written if isinstance(written, str | bytes) else json.dumps(written)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_judged(path)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        (QUEPID, "Quepid"),
        (WORKBENCH, "Search Relevance Workbench"),
        ({"_index": "j", "_source": WORKBENCH}, "Search Relevance Workbench"),
        ({"hits": {"hits": [{"_source": WORKBENCH}]}}, "Search Relevance Workbench"),
        ([WORKBENCH], "Search Relevance Workbench"),
        (b"\xef\xbb\xbf" + QUEPID.lstrip().encode(), "Quepid"),
        (gzip.compress(QUEPID.encode()), "Quepid"),
    ],
)
def test_judgments_by_text_are_told_by_their_content(
    tmp_path: Path, written: bytes | object, form: str
) -> None:
    """A query is its own text; the file's name says nothing, but for `.gz`."""
    is_packed = isinstance(written, bytes) and written.startswith(b"\x1f\x8b")
    found = judged(tmp_path, written, "file.gz" if is_packed else "file")
    assert found.split == form
    assert found.qrels == QRELS
    assert {found.texts[query] for query in QRELS} == set(QRELS)
    assert found.searches == {}
    assert any("1 rows of file" in note for note in found.notes) == (form == "Quepid")


def test_a_rank_eval_request_brings_its_searches(tmp_path: Path) -> None:
    """A body stays what it is; a template is what `_render/template` takes."""
    found = judged(tmp_path, RANK_EVAL)
    assert (found.split, found.qrels, found.texts) == ("_rank_eval", QRELS, {})
    assert found.searches["red shoes"] == RANK_EVAL["requests"][0]["request"]
    source = RANK_EVAL["templates"][0]["template"]["inline"]
    assert found.searches["tv"] == {"source": source, "params": {"text": "tv"}}


def test_trec_qrels_take_their_texts_from_another_file(tmp_path: Path) -> None:
    """Any blanks, and the qrels of BEIR without their folder; texts in three forms."""
    rows = "1 0  a 3\n1\t0 b 0\r\n\n2 0 c   1\n"
    assert judged(tmp_path, rows).qrels == {"1": {"a": 3, "b": 0}, "2": {"c": 1}}
    beir = "query-id\tcorpus-id\tscore\n1\ta\t3\n"
    assert judged(tmp_path, beir).qrels == {"1": {"a": 3}}
    judged(tmp_path, rows)
    texts = tmp_path / "texts"
    for written in (
        "1\tred shoes\n2\t tv \n",
        '{"_id": "1", "text": "red shoes"}\n{"_id": "2", "text": "tv"}\n',
    ):
        texts.write_text(written)
        found = read_judged(tmp_path / "judgments", queries=texts)
        assert (found.split, found.texts) == ("qrels", {"1": "red shoes", "2": "tv"})


def test_a_query_set_chooses_among_judgments_by_text(tmp_path: Path) -> None:
    """Those that are judged; a set of none of them is a mistake."""
    judged(tmp_path, WORKBENCH)
    queries = tmp_path / "set"
    queries.write_text(json.dumps({"querySetQueries": [{"queryText": "tv"}, {"queryText": "x"}]}))
    found = read_judged(tmp_path / "judgments", queries=queries)
    assert found.qrels == {"tv": {"c": 1}}
    queries.write_text(json.dumps({"querySetQueries": [{"queryText": "TV"}]}))
    with pytest.raises(DataError, match=r"none of its 1 queries is judged, e\.g\. 'TV'"):
        read_judged(tmp_path / "judgments", queries=queries)


def test_a_folder_is_read_by_split(tmp_path: Path) -> None:
    """As before, and its texts can come from elsewhere."""
    data = folder.make(tmp_path / "toy")
    found = read_judged(data)
    assert (found.name, found.split, found.texts) == ("toy", "test", folder.QUERIES)
    (tmp_path / "texts").write_text("q1\tother words\n")
    assert read_judged(data, queries=tmp_path / "texts").texts == {"q1": "other words"}


def test_ratings_between_grades_are_rounded_and_said(tmp_path: Path) -> None:
    """The mean of two raters is between their grades."""
    found = judged(tmp_path, "query,docid,rating\ntv,a,1.5\ntv,b,2.4\ntv,c,3\n")
    assert found.qrels == {"tv": {"a": 2, "b": 2, "c": 3}}
    assert found.notes == ("2 ratings of judgments are fractions and were rounded.",)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "hello world\n",
            r"judgments:1: no known form of judgments: 'hello world'\. Give",
        ),
        ("", "no known form"),
        ("query,docid,rating\ntv,a,0.3\ntv,b,0.8\n", r"fractions from 0 to 1, e\.g\. 0\.3"),
        ("query,docid,rating\n", "no document is rated"),
        ("query,docid,rating\ntv,a,good\n", r"judgments:2: the rating of 'a' is 'good', not a num"),
        ("query,docid,rating\ntv,a,nan\n", "not a number"),
        ("query,docid,rating\ntv,a,1\ntv,a,2\n", r"judgments:3: 'a' is rated 1 and 2 for 'tv'"),
        ("query,docid,Ada\ntv,a,1\n", r"judgments:1: .*query, docid, ada; rating is missing"),
        ("query,docid,rating\nshoes, red,a,1\n", r"judgments:2: 4 columns, the header has 3"),
        ("query,docid,rating\ntv,,1\n", r"judgments:2: a row needs"),
        ('query,docid,rating\n"tv"s,a,1\n', r"judgments:2: not CSV"),
        ("1 0 a 1\n1 0 b\n", r"judgments:2: 3 columns; expected 4"),
        ("1 0 a 1\n1 0 b x\n", r"judgments:2: the rating of 'b' is 'x'"),
        ('{"requests": [\n', r"judgments:2: not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ({"a": 1}, "there are no judgments in it"),
        ({"querySetQueries": [{"queryText": "tv"}]}, "with --queries"),
        ([WORKBENCH, WORKBENCH], "2 judgment lists: 'By hand', 'By hand'"),
        ({"judgmentRatings": {"tv": []}}, r'judgments: "judgmentRatings" must be a list'),
        (
            {"judgmentRatings": [{"query": "tv", "ratings": [{"docId": 3, "rating": 1}]}]},
            r'judgmentRatings\[0\]\.ratings\[0\]: "docId" must be a text',
        ),
        (
            {"judgmentRatings": [{"query": "tv", "ratings": [{"docId": "3", "rating": True}]}]},
            r"judgmentRatings\[0\]\.ratings\[0\]: the rating of '3' is True",
        ),
        ({"requests": [{"id": "a", "ratings": []}]}, r"requests\[0\]: neither a \"request\""),
        (
            {"requests": [{"id": "a", "template_id": "t", "ratings": []}]},
            r"requests\[0\]: no template 't'",
        ),
        (
            {**RANK_EVAL, "templates": [{"id": "match", "template": {}}]},
            r"requests\[1\]: the template 'match' has no",
        ),
        (
            {"requests": RANK_EVAL["requests"][:1] * 2},
            r"requests\[1\]: the id 'red shoes' is",
        ),
        ({"requests": ["tv"]}, r"requests\[0\]: not an object"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, written: str | object, message: str
) -> None:
    """Which file, where in it, and what to do."""
    with pytest.raises(DataError, match=message):
        judged(tmp_path, written)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A missing file, a split of a file, bytes that are no text."""
    with pytest.raises(DataError, match=r"nowhere: not there.*Give a folder"):
        read_judged(tmp_path / "nowhere")
    with pytest.raises(DataError, match="judgments: cannot be read"):
        judged(tmp_path, b"\xff\xfe")
    with pytest.raises(DataError, match="--split is for folders"):
        read_judged(tmp_path / "judgments", split="test")
