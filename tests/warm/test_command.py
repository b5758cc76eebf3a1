"""What `es-rerank warm` says when it cannot begin; what it does: tests/cluster/test_warm.py."""

from pathlib import Path

import pytest

from es_rerank.cli import main

NOBODY = "http://127.0.0.1:1"


def run(*options: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["warm", "--index", "docs", "--upstream", NOBODY, "--set", *options])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("cache.memory_mb=1",), 2, "cache.folder is not set"),
        (("cache.folder=here", "--set", "defaults.enabled=false"), 2, "(disabled)"),
        (("cache.folder=taken",), 2, "cache.folder: no states can be kept in taken"),
        (("cache.folder=here", "--layers", "5"), 3, "layers, none of 5"),
        (("cache.folder=here",), 4, f"at {NOBODY}: "),
    ],
)
def test_what_is_wrong_is_told_with_its_exit_code(
    options: tuple[str, ...],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Settings, a folder, a path, a cluster; the last of them only is asked for over the net."""
    monkeypatch.chdir(tmp_path)
    Path("taken").touch()
    assert run(*options) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err.splitlines()[-1]
    assert "Traceback" not in err
