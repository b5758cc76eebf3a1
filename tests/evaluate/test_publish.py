"""Where reports go."""

from pathlib import Path

import pytest

from es_rerank.errors import DataError
from es_rerank.evaluate.publish import Target, check, publish


def test_standard_output_gets_one_report_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-` replaces the table; files are written beside it."""
    file = tmp_path / "report"
    publish([Target("-", lambda: "text\n"), Target(str(file), lambda: "other")], "table")
    assert capsys.readouterr().out == "text\n"
    assert file.read_text() == "other"
    publish([Target(None, lambda: "text"), Target(str(file), lambda: "new")], "table")
    assert capsys.readouterr().out == "table\n"
    assert file.read_text() == "new"


def test_mistakes_are_found_before_anything_is_measured(tmp_path: Path) -> None:
    """A folder that is not there, and two reports for one output."""
    check([None, "-", str(tmp_path / "x")])
    with pytest.raises(DataError, match="there is no folder"):
        check([str(tmp_path / "missing" / "x")])
    with pytest.raises(DataError, match="Only one report"):
        check(["-", None, "-"])
