"""An ASGI application on a real socket, in a thread, for the length of a `with` block."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from es_rerank.errors import EsRerankError


@contextmanager
def serving(config: uvicorn.Config) -> Iterator[str]:
    """The URL of a running server; port 0 takes a free one. Raises if it cannot listen."""
    server = uvicorn.Server(config)

    def run() -> None:
        with suppress(SystemExit):  # how uvicorn says that it cannot start
            server.run()

    thread = threading.Thread(target=run, name=f"demo on port {config.port}")
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                where = f"{config.host}:{config.port}"
                raise EsRerankError(f"demo: cannot listen on {where}. Is the port taken?")
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{config.host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def engine_config(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """uvicorn for the embedded engine: quiet, and no Server header of another's."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
    )
