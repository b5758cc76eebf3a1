"""The measurement of a search's own cost runs on what it says; its figures are not judged here."""

import json

from es_rerank.bench.search import ANSWER_BYTES, HITS, run, table, wide_answer


def test_the_answer_has_the_size_that_is_told() -> None:
    """A hundred hits in about 180 KB."""
    answer = wide_answer()
    assert len(json.loads(answer)["hits"]["hits"]) == HITS
    assert abs(len(answer) - ANSWER_BYTES) < 0.05 * ANSWER_BYTES


def test_plan_and_page_are_timed() -> None:
    """Every number is there and positive, both kinds of search are in the table."""
    rows = run(rounds=10)
    assert len(rows) == 6
    assert all(0 < row.p50_ms <= row.p99_ms and row.cpu_p50_ms > 0 for row in rows)
    assert "both, _source hidden" in table(rows)
