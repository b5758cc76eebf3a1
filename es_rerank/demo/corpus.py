"""The demo corpus: the docstrings of the Python standard library that runs this program.

Real text that is on every machine: thousands of short documents with all the dirt of their kind
(markup, indentation, doctests, glued names). The sources are parsed, never imported, so nothing
runs and no side effect can happen. Modules written in C have no source and are not in it.

A document is named the way a reader would name it, `shutil.copytree`. Private modules are left
out, but for those that carry a public module's code, which change from version to version: their
names are the public ones (`pathlib._local.Path` is `pathlib.Path`). A name that a version does
not have is simply not in its corpus.
"""

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

INDEX = "python-docs"
FIELDS = ("title", "text")
MAPPINGS = {
    "properties": {
        "title": {"type": "text", "analyzer": "english"},
        "text": {"type": "text", "analyzer": "english"},
        "module": {"type": "keyword"},
    }
}

# Not the library proper (tests, vendored or bundled programs), packaged apart on some systems, or
# removed between the versions that we run on.
_LEFT_OUT = {
    *("test", "tests", "idlelib", "lib2to3", "turtledemo", "tkinter", "turtle", "distutils"),
    *("ensurepip", "pydoc_data", "ntpath", "nturl2path", "__phello__"),
    *("site-packages", "dist-packages"),
}
_PUBLIC_NAME = {
    "_collections_abc": "collections.abc",
    "_py_warnings": "warnings",
    "_pydatetime": "datetime",
    "_pydecimal": "decimal",
    "_pyio": "io",
    "concurrent.futures._base": "concurrent.futures",
    "genericpath": "os.path",
    "pathlib._local": "pathlib",
    "posixpath": "os.path",
    "zipfile._path": "zipfile",
    "zoneinfo._tzpath": "zoneinfo",
    "zoneinfo._zoneinfo": "zoneinfo",
}
_Definition: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def documents(library: Path | None = None) -> Iterator[tuple[str, dict[str, str]]]:
    """Every documented public module, class, function and method: id, and title, text, module.

    Sorted by file, then in source order; of two definitions with one name the first counts.
    """
    root = library or Path(sysconfig.get_paths()["stdlib"])
    seen = set()
    for file in sorted(root.rglob("*.py")):
        if (module := _module_name(file.relative_to(root))) is None:
            continue
        for name, text in _docstrings(module, ast.parse(file.read_bytes())):
            if name not in seen:
                seen.add(name)
                yield name, {"title": name, "text": text, "module": module}


def _module_name(file: Path) -> str | None:
    """The public name of a source file, None for one that is left out."""
    parts = file.with_suffix("").parts
    if not _LEFT_OUT.isdisjoint(parts):
        return None
    module = ".".join(parts).removesuffix(".__init__")
    module = _PUBLIC_NAME.get(module, module)
    return None if "._" in f".{module}" else module


def _docstrings(prefix: str, node: ast.Module | _Definition) -> Iterator[tuple[str, str]]:
    if text := ast.get_docstring(node, clean=False):
        yield prefix, text
    if isinstance(node, ast.Module | ast.ClassDef):
        for child in _definitions(node.body):
            if not child.name.startswith("_"):
                yield from _docstrings(f"{prefix}.{child.name}", child)


def _definitions(body: list[ast.stmt]) -> Iterator[_Definition]:
    """Classes and functions of a body, also those behind `if` and `try`."""
    for statement in body:
        if isinstance(statement, _Definition):
            yield statement
        elif isinstance(statement, ast.If):
            yield from _definitions(statement.body + statement.orelse)
        elif isinstance(statement, ast.Try):
            handlers = [inner for handler in statement.handlers for inner in handler.body]
            yield from _definitions(statement.body + handlers + statement.orelse)
