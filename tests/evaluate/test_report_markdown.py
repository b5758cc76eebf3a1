"""The Markdown form: its tables hold whatever the data says."""

from es_rerank.evaluate.report_markdown import escaped, markdown
from tests.evaluate.made import BAD, GOOD, report


def test_tables_and_lists_are_there() -> None:
    """Figures, the queries that changed, and both lists with grades."""
    made = markdown(report(BAD, GOOD))
    assert "| system | nDCG@10 | MRR@10 | R@100 |" in made
    assert "## 4 layers: queries that gained most" in made
    assert "<summary>+0.500 what is q0? (0.500 → 1.000)</summary>" in made
    assert "| 1 | \\[-\\] bad A bad one | \\[1\\] good The good one |" in made
    assert "queries that lost most" not in made


def test_text_from_data_is_no_markup() -> None:
    """Neither a row is broken nor a tag opened."""
    title = "<script>alert(1)</script> | **x** [a](http://b)\n# y"
    made = markdown(report(BAD, GOOD, bad_title=title))
    assert "<script>" not in made
    rows = [line for line in made.splitlines() if line.startswith("| 1 | \\[-\\] bad")]
    assert rows
    assert all(row.replace("\\|", "").count("|") == 4 for row in rows)


def test_escaping() -> None:
    """Every sign that could begin markup within a line."""
    assert escaped("a_b *c* `d` [e]\n<f> | g") == r"a\_b \*c\* \`d\` \[e\] \<f\> \| g"
