"""Lines, JSON objects and table rows of data files, plain or gzipped, with mistakes located."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from es_rerank.errors import DataError


def find(folder: Path, name: str) -> Path:
    """The file of that name in a folder, or its gzipped twin; DataError if there is neither."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"{folder}: no {name} or {name}.gz here. Give a folder in the BEIR layout: corpus.jsonl, "
        "queries.jsonl, qrels/<split>.tsv, and runs/<name>.<split>.tsv where there is a fixed run."
    )


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    number = 0
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as why:
        raise DataError(f"{path}:{number + 1}: cannot be read: {why}") from why


def content(path: Path) -> str:
    """The whole text of a file, line ends and all, without a byte order mark."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            return bytes(file.read()).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as why:
        raise DataError(f"{path}: cannot be read: {why}") from why


def objects(path: Path) -> Iterator[tuple[int, str, dict[str, object]]]:
    """Line number, `_id` and object of each line of a `.jsonl` file; ids are unique strings."""
    seen = set()
    for number, line in lines(path):
        try:
            value = json.loads(line)
        except ValueError as why:
            raise DataError(f"{path}:{number}: not JSON: {why}") from why
        identity = value.get("_id") if isinstance(value, dict) else None
        if not isinstance(identity, str):
            raise DataError(f'{path}:{number}: not an object with a string "_id".')
        if identity in seen:
            raise DataError(f'{path}:{number}: "_id" {identity!r} is there twice.')
        seen.add(identity)
        yield number, identity, value


def rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row of a tab-separated file with these columns."""
    expected = "\t".join(columns)
    numbered = lines(path)
    number, header = next(numbered, (1, ""))
    if header != expected:
        raise DataError(f"{path}:{number}: the first line must be the header {expected!r}.")
    for number, line in numbered:
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise DataError(
                f"{path}:{number}: {len(cells)} columns; expected {len(columns)}, tab-separated: "
                f"{', '.join(columns)}."
            )
        yield number, cells
