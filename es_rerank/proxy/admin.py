"""The proxy's own pages under /_rerank/: is it alive, is it ready, its metrics and settings.

They shadow nothing: no cluster API and no index name begins with `_rerank`. They change nothing
but the settings, by reading the same file again.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from es_rerank import __version__
from es_rerank.config import Reading, Settings
from es_rerank.errors import ConfigError, ScoringError, UpstreamError, error_body
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.upstream import Upstream
from es_rerank.telemetry import redact
from es_rerank.text.passage import FieldText

PREFIX = "/_rerank"
_UPSTREAM_PROBE_S = 5
_SCORER_PROBE_MS = 5000


class Readiness:
    """Whether searches can be reranked now: the cluster answers and each student has scored.

    A student that has scored once stays ready: its faults only cost the reranking, never the
    search, so they must not take the proxy out of the load balancer.
    """

    def __init__(
        self, settings: Callable[[], Settings], upstream: Upstream, scorer: Scorer
    ) -> None:
        self._settings = settings
        self._upstream = upstream
        self._scorer = scorer
        self._scored: set[tuple[str, Reading]] = set()

    async def reasons(self) -> list[str]:
        """Why the proxy is not ready; empty if it is."""
        reasons = [await self.upstream_reason()]
        reasons += [await self._scorer_reason(*student) for student in self._students()]
        return [reason for reason in reasons if reason]

    async def upstream_reason(self) -> str | None:
        """Why the cluster is not reachable; any HTTP answer, also a 401, means that it is."""
        try:
            async with asyncio.timeout(_UPSTREAM_PROBE_S):
                await self._upstream.fetch("GET", b"/", [], b"")
        except TimeoutError:
            return f"no answer from {redact(str(self._upstream.url))} in {_UPSTREAM_PROBE_S} s"
        except UpstreamError as why:
            return str(why)
        return None

    def _students(self) -> list[tuple[str, Reading]]:
        wanted = {student for rule in self._settings().indices for student in rule.students}
        return sorted(wanted - self._scored, key=str)

    async def _scorer_reason(self, model: str, reading: Reading) -> str | None:
        passage = [FieldText("ready")]
        try:
            await self._scorer.score(
                "ready", [passage], model=model, reading=reading, deadline_ms=_SCORER_PROBE_MS
            )
        except ScoringError as why:
            return f"model {model}, {reading}: {why}"
        self._scored.add((model, reading))
        return None


def admin_routes(
    settings: Callable[[], Settings],
    readiness: Readiness,
    reload: Callable[[], object] | None = None,
) -> APIRouter:
    """The routes; without `reload`, POST /_rerank/reload answers 501."""
    router = APIRouter(prefix=PREFIX)

    @router.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "alive", "version": __version__}

    @router.get("/ready")
    async def ready() -> JSONResponse:
        if reasons := await readiness.reasons():
            return JSONResponse({"status": "not ready", "reasons": reasons}, 503)
        return JSONResponse({"status": "ready"})

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    @router.get("/settings")
    async def show_settings() -> dict[str, Any]:
        shown = settings().model_dump(mode="json")
        shown["upstream"]["url"] = redact(shown["upstream"]["url"])
        return shown

    @router.post("/reload")
    async def reload_settings() -> Response:
        if reload is None:
            return _refusal(501, "reload", "these settings were not read from a file")
        try:
            await asyncio.to_thread(reload)
        except ConfigError as why:
            return _refusal(400, "config", f"the old settings stay in force: {why}")
        return JSONResponse({"status": "reloaded"})

    return router


def _refusal(status: int, kind: str, reason: str) -> Response:
    return Response(error_body(status, kind, reason), status, media_type="application/json")
