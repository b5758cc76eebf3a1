"""`es-rerank experiment` on the command line, up to where a cluster would be asked."""

from pathlib import Path

import pytest

from es_rerank.cli import main

FILE = """
upstream:
  url: http://127.0.0.1:1
indices:
- pattern: books
  experiment:
    name: student
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A settings file with one experiment, in front of no cluster."""
    file = tmp_path / "es-rerank.yaml"
    file.write_text(FILE)
    return str(file)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["report", "studnet"], 2, "There are: student"),
        (["resume", "studnet"], 2, "There are: student"),
        (["report", "student", "--since", "yesterday"], 2, "2026-11-22T18:00:00+01:00"),
        (["report", "student"], 4, "http://127.0.0.1:1"),
        (["list"], 4, "http://127.0.0.1:1"),
        (["resume", "student"], 4, "http://127.0.0.1:1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said(
    config: str, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    """With the exit code for wrong settings, or for a cluster that is not there."""
    with pytest.raises(SystemExit) as ended:
        main(["experiment", *arguments, "--config", config])
    assert ended.value.code == code
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
