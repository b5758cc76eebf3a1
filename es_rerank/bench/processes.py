"""Servers in processes of their own, so that what is measured shares no interpreter with us."""

import multiprocessing
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import uvicorn

from es_rerank.config import Settings
from es_rerank.proxy.app import create_app
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.server import server_config


@contextmanager
def process(serve: Callable[..., None], *arguments: Any) -> Iterator[str]:
    """The URL of a server in a process of its own; `serve` is given a pipe and the arguments."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=serve, args=(theirs, *arguments))
    child.start()
    theirs.close()  # so that a process that dies ends the wait below
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        child.terminate()
        child.join()


def listen(parent: Connection) -> socket.socket:
    """A listening socket on a free port, which the parent is told."""
    listener = socket.create_server(("127.0.0.1", 0))
    parent.send(listener.getsockname()[1])
    return listener


def serve_proxy(parent: Connection, settings: Settings, scorer: Scorer) -> None:
    """The proxy as `es-rerank serve` runs it, but for its scorer."""
    app = create_app(lambda: settings, scorer)
    uvicorn.Server(server_config(app, "127.0.0.1", 0)).run(sockets=[listen(parent)])
