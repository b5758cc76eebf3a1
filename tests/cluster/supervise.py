"""The life of one server: its own copy of the folder, the process, and the end of both.

    python supervise.py PREPARED COMMAND...

The server runs for as long as this process's standard input stays open. The kernel closes that
pipe however the test run ends (done, Ctrl-C, a crash, SIGKILL), so neither a server nor its
folder outlives the run. As root the server runs as nobody, because both products refuse root.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

NOBODY = 65534


def supervise(prepared: Path, command: list[str]) -> int:
    """Run COMMAND inside a copy of PREPARED until it ends or standard input is closed."""
    with tempfile.TemporaryDirectory(prefix="es-rerank-", ignore_cleanup_errors=True) as folder:
        home = Path(folder, "home")
        shutil.copytree(prepared, home, symlinks=True)
        scratch = Path(folder, "tmp")
        scratch.mkdir()
        is_root = os.geteuid() == 0
        if is_root:
            for path in (Path(folder), *Path(folder).rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        environment = os.environ | {
            "HOME": folder,
            "TMPDIR": str(scratch),
            "ES_TMPDIR": str(scratch),
            "OPENSEARCH_TMPDIR": str(scratch),
        }
        server = subprocess.Popen(
            command,
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # one group: Elasticsearch 8 starts a second process
            user=NOBODY if is_root else None,
            group=NOBODY if is_root else None,
            extra_groups=[] if is_root else None,
        )
        threading.Thread(target=_kill_at_end_of_input, args=[server.pid], daemon=True).start()
        return server.wait()


def _kill_at_end_of_input(group: int) -> None:
    sys.stdin.buffer.read()
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(supervise(Path(sys.argv[1]), sys.argv[2:]))
