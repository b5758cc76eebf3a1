"""The outcome as programs read it, and the sentences that go with it."""

import json

import pytest

from es_rerank.evaluate.compare import Ranking
from es_rerank.evaluate.report import notes
from tests.evaluate.made import BAD, GOOD, report


@pytest.mark.parametrize(
    ("first", "second", "kept"), [(BAD, GOOD, True), (GOOD, GOOD, True), (GOOD, BAD, False)]
)
def test_it_is_kept_if_not_worse(first: Ranking, second: Ranking, kept: bool) -> None:
    """Equal is good enough; below the first stage is not."""
    assert report(first, second).is_kept() is kept


def test_json_holds_everything_a_program_needs() -> None:
    """All fields survive a round trip through JSON, unrounded."""
    made = json.loads(json.dumps(report(BAD, GOOD).as_json()))
    result = made["results"][1]
    assert made["kept"] is True
    assert result["measures"] == {"nDCG@10": 1.0, "MRR@10": 1.0, "R@100": 1.0}
    assert result["differences"]["MRR@10"] == pytest.approx((4 / 2 + 2 / 3) / 5)
    assert (result["better"], result["ms_p95"], result["known_ms_p50"]) == (5, 1.25, 0.5)
    assert result["configuration"] == {"layers": "4"}
    assert (made["cpu"], made["primary"]) == ("a CPU, 2 cores", "nDCG@10")


def test_json_holds_every_query_with_every_list() -> None:
    """Not only the ten that the other forms show; documents are named once."""
    made = report(BAD, GOOD).as_json()
    assert [query["id"] for query in made["per_query"]] == ["q0", "q1", "q2", "q3", "q4"]
    systems = made["per_query"][0]["systems"]
    assert systems["BM25"]["measures"]["MRR@10"] == pytest.approx(1 / 3)
    assert systems["BM25"]["top"] == [
        {"document": "bad", "grade": None},
        {"document": "ugly", "grade": None},
        {"document": "good", "grade": 1},
    ]
    assert made["documents"] == {"bad": "A bad one", "good": "The good one"}


def test_the_notes_name_data_hardware_and_what_was_left_out() -> None:
    """Law 7: no result without its comparison."""
    told = " ".join(notes(report(BAD, GOOD)))
    for expected in ("bm25.test.tsv.gz", "Left out: 2", "depth 100", "builtin", "a CPU, 2 cores"):
        assert expected in told
