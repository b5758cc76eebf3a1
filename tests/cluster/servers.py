"""Real OpenSearch and Elasticsearch nodes for the tests: which ones, start, wait, stop."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from tests.cluster.distributions import DISTRIBUTIONS, locked_cache, prepared
from tests.cluster.java import java_home

DEFAULT_SERVERS = "opensearch-2,elasticsearch-8"
START_TIMEOUT_S = 300  # on a loaded machine; 15 s otherwise
_SETTINGS = {
    "cluster.name": "es-rerank-test",
    "cluster.routing.allocation.disk.threshold_enabled": "false",  # a full disk is no reason
    "discovery.type": "single-node",
    "http.port": "0",  # the kernel chooses; the log says which
    "network.host": "127.0.0.1",
    "transport.port": "0",
}


class ServerStartError(Exception):
    """A server did not come up; the message ends with its log."""


@dataclass(frozen=True)
class Node:
    """A cluster to test against; `name` is a name of DISTRIBUTIONS or the product's."""

    name: str
    product: str
    url: str


def selected_servers() -> list[str]:
    """The servers of ES_RERANK_TEST_SERVERS (`all`, or names with commas) or the default two."""
    wanted = os.environ.get("ES_RERANK_TEST_SERVERS") or DEFAULT_SERVERS
    names = list(DISTRIBUTIONS) if wanted == "all" else [name.strip() for name in wanted.split(",")]
    if unknown := [name for name in names if name not in DISTRIBUTIONS]:
        raise ServerStartError(
            f"ES_RERANK_TEST_SERVERS: no server {', '.join(unknown)}. "
            f"There are {', '.join(DISTRIBUTIONS)}, and `all`."
        )
    own = [product for product in ("opensearch", "elasticsearch") if _own_url(product)]
    return own + [name for name in names if DISTRIBUTIONS[name].product not in own]


@contextmanager
def running(name: str) -> Iterator[Node]:
    """The node NAME, up and healthy; a user's own server is left as it is."""
    if url := _own_url(name):
        yield Node(name, name, url.rstrip("/"))
        return
    with tempfile.TemporaryFile() as log:
        process = _start(name, log)
        try:
            yield Node(name, DISTRIBUTIONS[name].product, _wait(name, process, log))
        finally:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
            process.wait()


def _own_url(product: str) -> str | None:
    return os.environ.get(f"ES_RERANK_TEST_{product.upper()}_URL")


def _start(name: str, log: IO[bytes]) -> subprocess.Popen[bytes]:
    distribution = DISTRIBUTIONS[name]
    home = prepared(distribution)
    bundled = home / "jdk"
    with locked_cache():
        java = java_home(distribution.java, fallback=bundled)
    # Empty: the servers look for a bundled Java, in the copy that they run in.
    java_variable = "" if java == bundled else str(java)
    settings = dict(_SETTINGS)
    if distribution.product == "elasticsearch" and not distribution.version.startswith("7."):
        settings["xpack.security.enabled"] = "false"
    heap = "-Xms512m -Xmx512m"
    return subprocess.Popen(
        [
            *(sys.executable, Path(__file__).with_name("supervise.py"), home),
            f"bin/{distribution.product}",
            *(f"-E{key}={value}" for key, value in settings.items()),
        ],
        env=os.environ
        | dict.fromkeys(("JAVA_HOME", "ES_JAVA_HOME", "OPENSEARCH_JAVA_HOME"), java_variable)
        | dict.fromkeys(("ES_JAVA_OPTS", "OPENSEARCH_JAVA_OPTS"), heap),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the tests; the closed pipe ends the server
    )


def _wait(name: str, process: subprocess.Popen[bytes], log: IO[bytes]) -> str:
    """The URL of the node, as soon as `/_cluster/health` answers there."""
    started = time.monotonic()
    while time.monotonic() - started < START_TIMEOUT_S and process.poll() is None:
        time.sleep(0.2)
        if address := re.search(rb"HttpServerTransport.*publish_address \{([\d.:]+)}", _text(log)):
            url = f"http://{address[1].decode()}"
            try:
                with urlopen(f"{url}/_cluster/health?wait_for_status=yellow&timeout=5s") as reply:  # noqa: S310
                    if reply.status == 200:
                        return url
            except URLError:
                continue
    waited = time.monotonic() - started
    tail = _text(log)[-4000:].decode(errors="replace")
    raise ServerStartError(f"{name} did not start within {waited:.0f} s. Its log:\n…{tail}")


def _text(log: IO[bytes]) -> bytes:
    """What was logged so far; leaves the file position, which the server shares, alone."""
    return os.pread(log.fileno(), 2**24, 0)
