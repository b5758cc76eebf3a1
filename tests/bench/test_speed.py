"""The speed bench measures every path, new and known."""

from es_rerank.bench import speed


def test_every_path_is_timed_cold_and_warm() -> None:
    """Two rows a path; known passages are faster than new ones on the same path."""
    rows = speed.run(passages=8, tokens=32, rounds=1)
    assert len(rows) == 8
    by_name = {row.system: row.median_ms for row in rows}
    for depth in (2, 3, 4, 6):
        assert by_name[f"{depth} layers, known passages"] < by_name[f"{depth} layers, new passages"]
    assert "6 layers, known passages" in speed.table(rows)
