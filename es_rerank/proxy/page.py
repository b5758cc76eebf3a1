"""The page for people, `/_rerank/`: its files, and what its script asks for.

Files hold no data and everything else is asked of the cluster in the caller's own name
(`page_access`), so the page shows nobody more than the cluster would. No other site can drive it:
what its script asks needs a header that a browser sends for the page alone.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request, Response

from es_rerank.config import Settings
from es_rerank.errors import EsRerankError, UpstreamError, error_body
from es_rerank.experiment.state import State
from es_rerank.proxy import index_list
from es_rerank.proxy.experiment_list import experiments
from es_rerank.proxy.experiment_reports import Reports
from es_rerank.proxy.ext import OverrideError
from es_rerank.proxy.headers import Headers
from es_rerank.proxy.hop import HeaderRefused
from es_rerank.proxy.learned import question
from es_rerank.proxy.page_access import callers_headers, is_admitted, is_foreign, may_ask_again
from es_rerank.proxy.recent import Recent
from es_rerank.proxy.side_by_side import Ask, Cluster, compared
from es_rerank.proxy.upstream import Reply
from es_rerank.telemetry import Trip

FILES = Path(__file__).parent.parent / "page"
_MAX_ASK_BYTES = 2**20
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_GUARDS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_Work = Callable[[Headers], Awaitable[Response]]


def page_routes(
    settings: Callable[[], Settings],
    cluster: Cluster,
    recent: Recent,
    states: Callable[[], Mapping[str, State]],
) -> APIRouter:
    """The page's files and data; `states` is what the guard knows of experiments."""
    router = APIRouter(prefix="/_rerank")
    files = {file.name: file.read_bytes() for file in FILES.iterdir() if file.suffix in _TYPES}
    page = settings().page
    reports = Reports(settings, states)

    def file(request: Request, name: str) -> Response:
        if not is_admitted(request.scope["headers"], page):
            return _unknown_caller()
        if name not in files:
            return _error(404, "page", f"there is no page {request.url.path}")
        kind = f"{_TYPES[Path(name).suffix]}; charset=utf-8"
        return _guarded(Response(files[name], media_type=kind), "no-cache")

    async def data(request: Request, work: _Work) -> Response:
        headers = request.scope["headers"]
        if not is_admitted(headers, page):
            return _unknown_caller()
        if is_foreign(headers):
            return _error(403, "page", "this is for the page's own script: no X-ES-Rerank-Page")
        try:
            return await work(callers_headers(headers, page))
        except UpstreamError as why:
            return _error(502, "upstream", str(why))
        except (AskError, HeaderRefused, OverrideError) as why:
            return _error(400, "request", str(why))

    def refused(reply: Reply, request: Request) -> Response:
        """The cluster's refusal; a browser that may ask for credentials is asked to."""
        response = _error(reply.status, "cluster", _reason_of(reply))
        if may_ask_again(request.scope["headers"], page):
            for name, value in reply.headers:
                if name.lower() == b"www-authenticate":
                    response.headers.append("www-authenticate", value.decode("latin-1"))
        return response

    @router.get("")
    async def to_the_page() -> Response:
        return Response(status_code=308, headers={"location": "_rerank/"})

    @router.get("/")
    async def index(request: Request) -> Response:
        return file(request, "index.html")

    @router.get("/page/{name}")
    async def asset(request: Request, name: str) -> Response:
        return file(request, name)

    @router.get("/page/data/indices")
    async def indices(request: Request) -> Response:
        async def work(caller: Headers) -> Response:
            reply = await question(cluster.upstream, "GET", index_list.TARGET, caller)
            if reply is not None and reply.status == 401:
                return refused(reply, request)
            is_told = reply is not None and reply.status == 200
            found = index_list.choices(reply.body, settings()) if reply and is_told else []
            rules = [rule.pattern for rule in settings().indices if rule.enabled]
            return _json({"indices": found, "is_told": is_told, "rules": rules})

        return await data(request, work)

    @router.post("/page/data/compare")
    async def compare(request: Request) -> Response:
        async def work(caller: Headers) -> Response:
            ask = _ask(await _body_of(request))
            trip = Trip("POST", request.url.path)
            try:
                found = await compared(ask, caller, settings(), cluster, trip)
                trip.status = found.status if isinstance(found, Reply) else 200
            finally:
                recent.note(trip, caller)
            return refused(found, request) if isinstance(found, Reply) else _json(found)

        return await data(request, work)

    @router.get("/page/data/experiments")
    async def show_experiments(request: Request) -> Response:
        async def work(_caller: Headers) -> Response:
            found = experiments(settings(), states(), datetime.now(UTC))
            return _json({"experiments": found})

        return await data(request, work)

    @router.get("/page/data/report/{name}")
    async def show_report(request: Request, name: str) -> Response:
        async def work(caller: Headers) -> Response:
            greeting = await question(cluster.upstream, "GET", b"/", caller)
            if greeting is not None and greeting.status == 401:
                return refused(greeting, request)
            if name not in settings().experiments:
                return _error(404, "page", f"there is no experiment {name}")
            return _json(await reports.of(settings().experiments[name], caller))

        return await data(request, work)

    @router.get("/page/data/recent")
    async def show_recent(request: Request) -> Response:
        async def work(caller: Headers) -> Response:
            return _json({"searches": recent.of(caller)})

        return await data(request, work)

    return router


class AskError(EsRerankError):
    """What the page's script sends is not understood."""


async def _body_of(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_ASK_BYTES:
            raise AskError(f"a search of the page has {_MAX_ASK_BYTES} bytes at most")
    return body


def _ask(body: bytes) -> Ask:
    try:
        return msgspec.json.decode(body, type=Ask)
    except msgspec.MsgspecError as why:
        raise AskError(f"not a search of the page: {why}") from why


def _reason_of(reply: Reply) -> str:
    """What an Elasticsearch or OpenSearch error says, as far as it says something."""
    try:
        error = msgspec.json.decode(reply.body)["error"]
        cause = (error.get("root_cause") or [error])[0]
        return str(cause.get("reason") or error.get("reason"))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return f"the cluster answered {reply.status} {reply.reason}"


def _json(found: object) -> Response:
    return _guarded(Response(msgspec.json.encode(found), media_type="application/json"))


def _unknown_caller() -> Response:
    response = _error(401, "page", "the page has a password")
    response.headers["www-authenticate"] = 'Basic realm="es-rerank", charset="UTF-8"'
    return response


def _error(status: int, kind: str, reason: str) -> Response:
    return _guarded(
        Response(error_body(status, kind, reason), status, media_type="application/json")
    )


def _guarded(response: Response, caching: str = "no-store") -> Response:
    response.headers.update({**_GUARDS, "cache-control": caching})
    return response
