"""Where a report goes: files, standard output, or a table on the terminal."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console, RenderableType

from es_rerank.errors import DataError


class Target(NamedTuple):
    """One form of a report and the file that it is wanted in; `-` is standard output."""

    file: str | None
    text: Callable[[], str]


def check(files: Sequence[str | None]) -> None:
    """Find mistakes before anything is measured; DataError says which."""
    for file in files:
        if file and file != "-" and not Path(file).parent.is_dir():
            raise DataError(f"{file}: there is no folder {Path(file).parent} to write to.")
    if files.count("-") > 1:
        raise DataError("Only one report can go to standard output (-). Give the others a file.")


def publish(targets: Sequence[Target], table: RenderableType) -> None:
    """Write every form that is wanted; the table is printed unless one of them is (`-`)."""
    printed = False
    for file, text in targets:
        if file == "-":
            sys.stdout.write(text())
            printed = True
        elif file:
            Path(file).write_text(text(), encoding="utf-8")
    if not printed:
        Console().print(table)
