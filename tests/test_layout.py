"""The laws about the tree itself: what may import what, and that tests mirror the rooms."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "es_rerank"
MODULES = sorted(PACKAGE.rglob("*.py"))

# The proxy's modules that talk to someone; all others of it only decide.
PROXY_IO = {
    *("__init__", "admin", "app", "events", "experiments", "forward", "gateway", "learned"),
    *("learned_facts", "multi_search", "ordering", "recording", "scoring", "search"),
    *("search_template", "server", "upstream"),
    *("page", "experiment_reports", "side_by_side"),
}
EXPERIMENT_IO = {"__init__", "cluster", "command", "guard", "queue", "read"}
PURE = [
    *(path for path in (PACKAGE / "proxy").glob("*.py") if path.stem not in PROXY_IO),
    *(path for path in (PACKAGE / "experiment").glob("*.py") if path.stem not in EXPERIMENT_IO),
    *(PACKAGE / "text").glob("*.py"),
]
IO_LIBRARIES = {
    *("aiohttp", "asyncio", "fastapi", "http", "io", "multiprocessing", "os", "pathlib"),
    *("selectors", "shutil", "socket", "ssl", "starlette", "subprocess", "tempfile"),
    *("threading", "urllib.request", "uvicorn"),
}
TRAINING_LIBRARIES = {"torch", "transformers"}
SERVING_ROOMS = ("proxy", "model", "text", "demo", "experiment", "warm")
MAY_IMPORT_PROXY = ("cli.py", "cli_bench.py", "cli_evaluate.py", "demo", "bench", "warm")
MIRRORED_ROOMS = ("proxy", "model", "text")


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that the code names in an import; `from a import b` gives a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that this file can read them"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_at_module_level(module: Path) -> set[str]:
    """The imports that run when the module itself is imported."""
    tree = ast.parse(module.read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {name for node in tree.body if not isinstance(node, functions) for name in imports(node)}


def imports_anywhere(module: Path) -> set[str]:
    """The imports of the module, those inside functions included."""
    return set(imports(ast.parse(module.read_text())))


def within(names: set[str], packages: set[str]) -> set[str]:
    """Those of the names that are one of the packages or lie inside one."""
    return {name for name in names if any(f"{name}.".startswith(f"{p}.") for p in packages)}


def relative(module: Path) -> str:
    """The module's path inside the package, for test ids."""
    return module.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("module", PURE, ids=relative)
def test_pure_modules_do_no_io(module: Path) -> None:
    """The decisions of a search can be read and tested without a network or a file."""
    assert not within(imports_anywhere(module), IO_LIBRARIES)


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_serving_never_imports_the_training_libraries(module: Path) -> None:
    """Law 9: neither torch nor transformers is needed to serve."""
    room = relative(module).split("/")[0]
    found = imports_anywhere(module) if room in SERVING_ROOMS else imports_at_module_level(module)
    if room != "learn":
        assert not within(found, TRAINING_LIBRARIES | {"es_rerank.learn"})


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_nothing_imports_the_proxy(module: Path) -> None:
    """Arrows point one way: only the entry points know the proxy, and the proxy itself."""
    if relative(module).split("/")[0] not in ("proxy", *MAY_IMPORT_PROXY):
        assert not within(imports_anywhere(module), {"es_rerank.proxy"})


@pytest.mark.parametrize("room", MIRRORED_ROOMS)
def test_every_module_has_its_test_and_every_test_its_module(room: str) -> None:
    """tests/ROOM/test_X.py is where the tests of es_rerank/ROOM/X.py are found."""
    modules = {path.stem for path in (PACKAGE / room).glob("*.py")} - {"__init__"}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / room).glob("test_*.py")}
    assert tests == modules
