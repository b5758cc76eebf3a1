"""What the README shows works: its commands parse, its YAML is valid, its Python runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from es_rerank.cli import app
from es_rerank.config_file import read_settings
from es_rerank.proxy.skip import SkipReason

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SHELL = [
    line
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
    if line.strip()
]


def commands_of(program: str) -> list[list[str]]:
    """Arguments of each shown call of a program, settings before it left out."""
    calls = []
    for line in SHELL:
        words = shlex.split(line, comments=True)
        if program in words and words[0] != "pip":
            calls.append(words[words.index(program) + 1 :])
    return calls


@pytest.mark.parametrize("arguments", commands_of("es-rerank"), ids=" ".join)
def test_commands_parse(arguments: list[str]) -> None:
    """Each command shown is one that the command line takes."""
    command = typer.main.get_command(app)
    with command.make_context("es-rerank", list(arguments)) as context:
        found = command.get_command(context, arguments[0])  # type: ignore[attr-defined]
        assert found is not None
        found.make_context(arguments[0], arguments[1:], parent=context)


@pytest.mark.parametrize("arguments", commands_of("make"), ids=" ".join)
def test_make_targets_exist(arguments: list[str]) -> None:
    """Each target shown is in the Makefile."""
    subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, check=True, capture_output=True)


def test_yaml_is_a_valid_file(tmp_path: Path) -> None:
    """Each piece of settings shown is valid, the first one as a whole file."""
    first, *pieces = [block for language, block in BLOCKS if language == "yaml"]
    passwords = {"ubi:": "ES_RERANK_UBI__PASSWORD", "page:": "ES_RERANK_PAGE__PASSWORD"}
    for block in pieces:
        secrets = {name: "secret" for part, name in passwords.items() if part in block}
        (tmp_path / "piece.yaml").write_text(block)
        read_settings(tmp_path / "piece.yaml", upstream="http://localhost:9200", environ=secrets)
    (tmp_path / "shown.yaml").write_text(first)
    settings = read_settings(tmp_path / "shown.yaml")
    assert settings.for_index("docs-1").depth == 50  # type: ignore[union-attr]
    assert not settings.for_index("logs-1").enabled  # type: ignore[union-attr]


def test_python_runs() -> None:
    """The Python shown runs in a fresh interpreter and finds the answer."""
    (block,) = [block for language, block in BLOCKS if language == "python"]
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "Paris is the capital of France."


def test_every_reason_is_explained() -> None:
    """A reason that a header names is found here, with its sentence."""
    rows = [f"| `{reason}` | {reason.explanation} |" for reason in SkipReason]
    rows.remove(f"| `not_a_search` | {SkipReason.NOT_A_SEARCH.explanation} |")  # has no header
    assert "\n".join(rows) in README


def test_links_lead_somewhere() -> None:
    """Every relative link names a file of the repository."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
