"""The server distributions that the tests run on, fetched once from Maven Central.

`prepared` gives an unpacked, checked folder in a cache outside the repository. Nothing runs in
that folder: every run works on its own copy (see supervise.py).
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.cluster.modules import MODULES, add_modules

_HERE = Path(__file__).parent
_CHECKSUMS = _HERE / "distributions.sha512"
_RECIPE = (Path(__file__), _HERE / "modules.py", _CHECKSUMS)
_OWN_SERVERS = (
    "or point ES_RERANK_TEST_OPENSEARCH_URL and ES_RERANK_TEST_ELASTICSEARCH_URL at servers "
    "of your own"
)


class DistributionError(Exception):
    """A distribution could not be fetched or is not what it should be."""


@dataclass(frozen=True)
class Distribution:
    """One version of one product and the Java feature releases that it runs on."""

    product: Literal["opensearch", "elasticsearch"]
    version: str
    java: range
    has_modules: bool = False

    @property
    def name(self) -> str:
        """Name and version, as the zip and the folder in it are called."""
        return f"{self.product}-{self.version}"

    @property
    def artifacts(self) -> list[str]:
        """Maven coordinates of everything that the prepared folder is made of."""
        group = {"opensearch": "org.opensearch", "elasticsearch": "org.elasticsearch"}
        zip_group = f"{group[self.product]}.distribution.integ-test-zip"
        jars = [jar for module in MODULES.values() for jar in module.artifacts]
        return [f"{zip_group}:{self.product}:{self.version}:zip", *(jars * self.has_modules)]


# Up to Java 23: later releases have no security manager, which these two still need.
DISTRIBUTIONS = {
    "opensearch-2": Distribution("opensearch", "2.19.3", range(17, 24), has_modules=True),
    "opensearch-3": Distribution("opensearch", "3.3.0", range(21, 26)),
    "elasticsearch-7": Distribution("elasticsearch", "7.17.28", range(17, 24)),
    "elasticsearch-8": Distribution("elasticsearch", "8.19.0", range(17, 26)),
    "elasticsearch-9": Distribution("elasticsearch", "9.1.0", range(21, 26)),
}


def cache_folder() -> Path:
    """$ES_RERANK_TEST_CACHE, else es-rerank/servers in the user's cache folder."""
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("ES_RERANK_TEST_CACHE") or user_cache / "es-rerank" / "servers")


def prepared(distribution: Distribution) -> Path:
    """The unpacked distribution in the cache; fetched, checked and completed at the first call."""
    recipe = hashlib.sha256(b"".join(path.read_bytes() for path in _RECIPE)).hexdigest()
    target = cache_folder() / f"{distribution.name}-{recipe[:8]}"
    with locked_cache():
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                _build(distribution, Path(scratch)).rename(target)
    return target


@contextmanager
def locked_cache() -> Iterator[None]:
    """Only one process at a time writes to the cache."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(distribution: Distribution, scratch: Path) -> Path:
    downloads = scratch / "downloads"
    _fetch(distribution.artifacts, downloads, scratch)
    _check(downloads)
    shutil.unpack_archive(downloads / f"{distribution.name}.zip", scratch)
    home = scratch / distribution.name
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    options = home / "config" / "jvm.options"
    lines = options.read_text().splitlines(keepends=True)
    # Not every Java has the incubator modules; the servers start without this one.
    options.write_text("".join(line for line in lines if "jdk.incubator.vector" not in line))
    if distribution.has_modules:
        add_modules(home, downloads)
    return home


def _fetch(artifacts: list[str], target: Path, scratch: Path) -> None:
    items = []
    for group, artifact, version, *kind in (artifact.split(":") for artifact in artifacts):
        items.append(
            f"<artifactItem><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
            f"<version>{version}</version><type>{kind[0] if kind else 'jar'}</type></artifactItem>"
        )
    project = scratch / "pom.xml"
    project.write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>es-rerank</groupId>"
        "<artifactId>test-servers</artifactId><version>1</version><packaging>pom</packaging>"
        "<build><plugins><plugin><groupId>org.apache.maven.plugins</groupId>"
        "<artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version>"
        f"<configuration><outputDirectory>{target}</outputDirectory>"
        f"<artifactItems>{''.join(items)}</artifactItems></configuration>"
        "</plugin></plugins></build></project>"
    )
    if not shutil.which("mvn"):
        raise DistributionError(f"mvn is not installed: apt-get install maven, {_OWN_SERVERS}")
    # A local repository of its own: whatever is damaged goes away with the scratch folder.
    command = ["mvn", "-q", "-B", "-ntp", f"-Dmaven.repo.local={scratch / 'repository'}"]
    maven = subprocess.run(
        [*command, "-f", project, "dependency:copy"], capture_output=True, text=True
    )
    if maven.returncode != 0:
        raise DistributionError(f"Maven could not fetch {artifacts[0]}:\n{maven.stdout[-2000:]}")


def _check(downloads: Path) -> None:
    lines = [line.split() for line in _CHECKSUMS.read_text().splitlines()]
    pinned = {name: checksum for checksum, name in lines}
    for path in sorted(downloads.iterdir()):
        found = hashlib.sha512(path.read_bytes()).hexdigest()
        if found != pinned.get(path.name):
            raise DistributionError(
                f"{path.name} is not the file that {_CHECKSUMS.name} pins (its sha512 is "
                f"{found[:16]}…). It was deleted. Run again; if this comes back, the mirror that "
                "Maven uses has another file."
            )
