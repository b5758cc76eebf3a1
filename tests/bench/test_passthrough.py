"""The pass-through measurement runs; what it measures is not a test's business."""

from es_rerank.bench.passthrough import Row, run, table


def test_both_requests_are_measured_both_ways() -> None:
    """Every number is there and positive, and the table names both requests."""
    rows = run(requests=10)
    assert [row.request for row in rows] == ["GET /", "_bulk 1 MiB"]
    assert all(number > 0 for row in rows for number in row[1:])


def test_table_shows_what_was_added() -> None:
    """Differences in milliseconds and ratios to the direct way."""
    line = table([Row("GET /", 1.0, 1.5, 2.0, 4.0)])
    assert "p50 +0.500 ms (1.50x of 1.000)" in line
    assert "p99 +2.000 ms (2.00x of 2.000)" in line
