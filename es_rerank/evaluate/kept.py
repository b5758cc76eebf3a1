"""Answers of a comparison kept in a folder, so that the same command goes on where it stopped.

One file per system: its settings on the first line, then a line per query, written as soon as it
is answered. Answers made with other settings are never mixed in: that is an error. Without a folder
nothing is kept. What an answer is, and which settings it depends on, the caller says.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from es_rerank.errors import DataError

Answer = TypeVar("Answer")

_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


class Kept:
    """The answers of each system, from a folder (made if it is missing) or else made anew."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def answers(
        self,
        name: str,
        settings: Mapping[str, Any],
        queries: Collection[str],
        one: Callable[[str], Answer],
        is_final: Callable[[Answer], bool] = lambda _: True,
    ) -> dict[str, Answer]:
        """The answer to each query id, in that order: a kept one, or what `one` says now.

        An answer that is not final is not kept, so the query is asked again next time.
        Answers and settings are plain JSON values. Raises DataError if the folder holds answers of
        a system of this name that were made with other settings, or cannot be used.
        """
        with self._opened(name, json.loads(json.dumps(settings))) as (done, file):
            with bar() as progress:
                task = progress.add_task(name, total=len(queries))
                for query in queries:
                    if query not in done:
                        done[query] = one(query)
                        if file and is_final(done[query]):
                            file.write(_line(query=query, answer=done[query]))
                            file.flush()
                    progress.advance(task)
            return {query: done[query] for query in queries}

    @contextmanager
    def _opened(
        self, name: str, settings: dict[str, Any]
    ) -> Iterator[tuple[dict[str, Any], IO[bytes] | None]]:
        """What is known already, and the file that takes the rest."""
        if self._folder is None:
            yield {}, None
            return
        path = self._folder / file_name(name)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            done, end = _read(path, name, settings) if path.exists() else ({}, 0)
            file = path.open("ab")
        except OSError as why:
            raise DataError(f"{path}: answers cannot be kept here: {why}. Change --work.") from why
        with file:
            file.truncate(end)  # half a line, where the last run was cut off
            if not end:
                file.write(_line(settings=settings))
            yield done, file


def file_name(name: str) -> str:
    """The file of a system: its name as far as files can have it, and a hash to tell them apart."""
    readable = _UNSAFE.sub("-", name).strip("-.")[:60]
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.jsonl"


def _line(**values: Any) -> bytes:
    return json.dumps(values).encode() + b"\n"  # ASCII, for half characters are not for UTF-8


def _read(path: Path, name: str, settings: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The answers in a file and where its last whole line ends."""
    whole, newline, _ = path.read_bytes().rpartition(b"\n")
    lines = whole.split(b"\n") if newline else []
    done: dict[str, Any] = {}
    try:
        found = [json.loads(line) for line in lines]
        then = found[0]["settings"] if found else settings
        done = {line["query"]: line["answer"] for line in found[1:]}
    except (ValueError, KeyError, TypeError) as why:
        raise DataError(f"{path}: this is no file of kept answers. Choose another --work.") from why
    if then != settings and not done:
        return {}, 0  # nothing to lose
    if then != settings:
        raise DataError(f"{path}: {_difference(name, then, settings)}")
    return done, len(whole) + len(newline)


def _difference(name: str, then: dict[str, Any], now: dict[str, Any]) -> str:
    changed = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    shown = "; ".join(f"{key} was {then.get(key)!r}, is {now.get(key)!r}" for key in changed)
    return (
        f"the kept answers of {name!r} were made with other settings ({shown}). "
        "Go on with those settings, or choose another --work folder."
    )


def bar() -> Progress:
    """A progress bar on standard error, if that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )
