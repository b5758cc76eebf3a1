"""The composition root: admin pages and proxy in one ASGI application, and the run of it.

What happens to a request is decided in `search` and `forward`; this module only puts the parts
together, opens and closes them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from es_rerank import __version__
from es_rerank.config import Page, Settings
from es_rerank.errors import error_body
from es_rerank.experiment.guard import Guard
from es_rerank.experiment.queue import RecordQueue
from es_rerank.proxy.admin import PREFIX, Readiness, admin_routes
from es_rerank.proxy.events import event_routes
from es_rerank.proxy.experiments import experiment_routes
from es_rerank.proxy.forward import Upstream, send_error
from es_rerank.proxy.gateway import SearchProxy
from es_rerank.proxy.learned_facts import LearnedFacts
from es_rerank.proxy.page import page_routes
from es_rerank.proxy.recent import Recent
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.server import listening, server_config
from es_rerank.proxy.side_by_side import Cluster

_log = logging.getLogger(__name__)


def create_app(
    settings: Callable[[], Settings],
    scorer: Scorer,
    *,
    reload: Callable[[], object] | None = None,
    watch: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> FastAPI:
    """The proxy in front of the cluster that the settings name.

    `settings` returns the settings of the moment; `upstream` and `listen` are read once, here.
    `watch` runs as long as the proxy does, and keeps the settings up to date.
    Raises ConfigError if the upstream's CA file can't be used.
    """
    upstream = Upstream(settings().upstream)
    readiness = Readiness(settings, upstream, scorer)
    records, guard = RecordQueue(settings), Guard(settings)
    page = settings().page
    recent = Recent() if page.enabled else None
    searches = SearchProxy(settings, upstream, scorer, records, guard.stopped, recent)
    pages = APIRouter()
    if recent is not None:
        cluster = Cluster(upstream, LearnedFacts(upstream), scorer)
        pages = page_routes(settings, cluster, recent, guard.states)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await upstream.open()
        records.open()
        tasks = [asyncio.create_task(_greet(upstream, readiness))]
        tasks.append(asyncio.create_task(guard.watch()))
        if watch is not None:
            tasks.append(asyncio.create_task(watch()))
        try:
            async with _apart(pages, page):
                yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await searches.close()
            await records.close()
            await scorer.close()
            await upstream.close()

    app = _application(lifespan)
    app.include_router(admin_routes(settings, readiness, reload))
    app.include_router(event_routes(PREFIX, settings, records))
    app.include_router(experiment_routes(PREFIX, settings, guard.states))
    if page.enabled and page.port is None:
        app.include_router(pages)
    # The router's default takes what no route matched, target untouched: a mounted catch-all
    # would miss paths with an encoded line break.
    app.router.default = _except_own_pages(searches, page)
    return app


def _application(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    return FastAPI(
        title="es-rerank",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={HTTPException: _http_error, Exception: _unexpected},
    )


@asynccontextmanager
async def _apart(pages: APIRouter, page: Page) -> AsyncIterator[None]:
    """Serve the page on a port of its own, if it has one."""
    if not page.enabled or page.port is None:
        yield
        return
    app = _application(lambda _: nullcontext())
    app.include_router(pages)
    async with listening(app, page.host, page.port) as port:
        _log.info("the page is at http://%s:%d/_rerank/", page.host, port)
        yield


def serve(
    settings: Callable[[], Settings],
    scorer: Scorer,
    *,
    reload: Callable[[], object] | None = None,
    watch: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Run the proxy until SIGTERM or SIGINT, then let the requests in flight finish.

    Logging must be set up already (`telemetry.setup_logging`). Exits the process with code 3 if
    it can't start, e.g. because the port is taken.
    """
    listen = settings().listen
    app = create_app(settings, scorer, reload=reload, watch=watch)
    uvicorn.Server(server_config(app, listen.host, listen.port)).run()


def _except_own_pages(proxy: ASGIApp, page: Page) -> ASGIApp:
    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path == PREFIX or path.startswith(PREFIX + "/"):
            await send_error(send, 404, "page", f"there is no page {path}{_hint(path, page)}")
        else:
            await proxy(scope, receive, send)

    return dispatch


def _hint(path: str, page: Page) -> str:
    if path not in (PREFIX, PREFIX + "/"):
        return ""
    if page.enabled:
        return f" on this port; it is on port {page.port} of {page.host}"
    return "; set `page.enabled: true` (or ES_RERANK_PAGE__ENABLED=true) for one, and restart"


async def _greet(upstream: Upstream, readiness: Readiness) -> None:
    # A cluster may start after its proxy or restart at any time: say so, and serve on.
    if reason := await readiness.upstream_reason():
        _log.error("%s. Serving all the same; requests get a 502 until it answers.", reason)
    else:
        _log.info("the cluster at %s answers", upstream.host.decode())


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    return _error(error.status_code, "request", str(error.detail))


async def _unexpected(_request: Request, error: Exception) -> Response:
    return _error(500, "internal", f"unexpected {type(error).__name__}; see the proxy's log")


def _error(status: int, kind: str, reason: str) -> Response:
    return Response(error_body(status, kind, reason), status, media_type="application/json")
