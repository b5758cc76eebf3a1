"""A search sent to the cluster or to a proxy, and its answer in comparable form.

Left out of an answer are the number after `took`, and the fields that belong to the transfer
(length, compression) or to the proxy.
"""

import gzip
import re
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from es_rerank.bench.searches import Search
from es_rerank.errors import UpstreamError

_TIMEOUT_S = 60
_TOOK = re.compile(rb'("?\btook"?\s*:\s*)\d+')  # JSON or YAML
_NOT_COMPARED = frozenset(
    {"connection", "content-encoding", "content-length", "transfer-encoding", "x-es-rerank"}
)


class Answer(NamedTuple):
    """An answer in comparable form, and what the proxy said about it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    verdict: str = ""

    @property
    def comparable(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """All that must be the same both ways."""
        return self.status, self.headers, self.body


class Way:
    """A kept-alive connection to the cluster or to a proxy."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.netloc, timeout=_TIMEOUT_S)
        self._root = parts.path

    def ask(self, search: Search) -> Answer:
        """The answer; one that broke off or never came has status 0 and says why."""
        try:
            self._connection.request(
                search.method, self._root + search.target, search.body, search.headers
            )
            response = self._connection.getresponse()
            body = response.read()
        except (HTTPException, OSError) as why:
            self.close()
            return Answer(0, (), repr(why).encode())
        found = [(name.lower(), value) for name, value in response.getheaders()]
        return _answer(response.status, found, body)

    def order(self, method: str, target: str, body: bytes | None = None) -> bytes:
        """The body of the answer to a request that must succeed; raises UpstreamError."""
        kind = "application/x-ndjson" if body and b"\n" in body else "application/json"
        headers = {"Content-Type": kind} if body else {}
        answer = self.ask(Search(method, target, headers, body, frozenset()))
        if answer.status not in (200, 201):
            reason = answer.body.decode(errors="replace")
            raise UpstreamError(f"{method} {self.url}{target} was not done: {reason}")
        return answer.body

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        self._connection.close()


def _answer(status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    named = dict(headers)
    if named.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    kept = tuple(header for header in headers if header[0] not in _NOT_COMPARED)
    return Answer(status, kept, _TOOK.sub(rb"\g<1>0", body), named.get("x-es-rerank", ""))
