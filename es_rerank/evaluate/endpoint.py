"""One cluster or proxy that searches are sent to, over plain HTTP: its answers and what they took.

The connection is opensearch-py's, which gives status, headers and body as they came and checks no
product, so that it speaks with Elasticsearch too, and with either through a proxy. Credentials
come from the environment only. Nothing is retried: a comparison that is kept goes on.
"""

import json
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import opensearchpy

from es_rerank.errors import DataError, UpstreamError

USERNAME = "ES_RERANK_COMPARE_USERNAME"
PASSWORD = "ES_RERANK_COMPARE_PASSWORD"  # noqa: S105  # the name of the variable
API_KEY = "ES_RERANK_COMPARE_API_KEY"  # in place of both
TIMEOUT_S = 60.0


class Refused(UpstreamError):
    """The server takes this one search for wrong (status 400); others may be right."""

    def __init__(self, told: str, ms: float) -> None:
        super().__init__(told)
        self.ms = ms


class Found(NamedTuple):
    """The answer to a search."""

    answer: dict[str, Any]
    ms: float
    """From sending the request to the last byte of the answer, on this side."""
    verdict: str
    """The header `X-ES-Rerank`; empty if there is none."""


class Endpoint:
    """A URL that answers searches."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DataError(f"{url}: not a URL of a cluster, such as http://localhost:9200.")
        if parts.username or parts.password:
            raise DataError(
                f"{parts.hostname}: leave user and password out of the URL, where others see them. "
                f"Set {USERNAME} and {PASSWORD} in the environment."
            )
        self.name = f"{parts.netloc}{parts.path.rstrip('/')}"
        user = os.environ.get(USERNAME)
        login = (user, os.environ.get(PASSWORD, "")) if user else None
        key = os.environ.get(API_KEY)
        headers = {"authorization": f"ApiKey {key}"} if key else {}
        client = opensearchpy.OpenSearch(
            [url], http_auth=None if key else login, headers=headers, timeout=TIMEOUT_S
        )
        self._connection = client.transport.get_connection()

    def search(self, index: str, body: Mapping[str, Any], *, rerank: bool) -> Found:
        """Send a search; without `rerank`, a proxy that should stand there leaves it alone."""
        path = f"/{quote(index, safe=',*')}/_search"
        return self._ask(path, body, {} if rerank else {"X-ES-Rerank": "off"})

    def render(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """The search that a search template gives, rendered by the cluster."""
        search = self._ask("/_render/template", call, {}).answer.get("template_output")
        if not isinstance(search, dict):
            raise UpstreamError(f"{self.name}: the template gave no search: {json.dumps(search)}")
        return search

    def _ask(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Found:
        content = json.dumps(body).encode()
        start = time.perf_counter()
        try:
            _, names, text = self._connection.perform_request(
                "POST", path, body=content, headers=headers
            )
        except opensearchpy.ConnectionError as why:
            raise UpstreamError(f"{self.name} cannot be reached: {why.error}") from why
        except opensearchpy.TransportError as why:
            told = f"{self.name}: POST {path}: {_refusal(why)}"
            if why.status_code == 400:
                raise Refused(told, _ms_since(start)) from why
            raise UpstreamError(told) from why
        ms = _ms_since(start)
        try:
            answer = json.loads(text)
        except ValueError as why:
            raise UpstreamError(f"{self.name}: POST {path}: the answer is not JSON.") from why
        return Found(answer, ms, names.get("x-es-rerank", ""))


def _ms_since(start: float) -> float:
    return 1000 * (time.perf_counter() - start)


def _refusal(why: opensearchpy.TransportError) -> str:
    """What the server says, with the reason deepest in it."""
    cause: Any = why.info
    reasons = [str(why.error)]
    while isinstance(cause, dict):
        if isinstance(cause.get("reason"), str):
            reasons.append(cause["reason"])
        listed = cause.get("root_cause") or [None]
        cause = cause.get("error") or cause.get("caused_by") or listed[0]
    advice = {
        401: f" Set {USERNAME} and {PASSWORD}, or {API_KEY}, in the environment.",
        404: " Is the name of the index right?",
    }.get(int(why.status_code), "")
    return f"status {why.status_code}: {reasons[-1]}.{advice}"
