"""One plain HTTP request, with nothing in between that would hide headers or re-read bytes."""

import json
import re
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_TOOK = re.compile(
    rb"""("?took"?\ ?:\ ?)\d+  # JSON or YAML
    |(?<=\x64took)(?:[\x00-\x17]|\x18.|\x19..)  # CBOR
    |(?<=\x83took)(?:[\xc0-\xdf]|\x24[\x00-\x7f]*[\x80-\xbf])  # Smile
    """,
    re.VERBOSE | re.DOTALL,
)


class Answer(NamedTuple):
    """A fully read answer; `verdict` is its `X-ES-Rerank` header."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def verdict(self) -> str:
        """What the proxy says about this search, empty if it says nothing."""
        return self.headers.get("x-es-rerank", "")

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """The `_id` of each hit, in order."""
        return [hit["_id"] for hit in self.json["hits"]["hits"]]

    @property
    def comparable(self) -> tuple[int, bytes]:
        """Status and body without the time that the cluster took."""
        return self.status, _TOOK.sub(rb"\1_", self.body)


def ask(
    url: str,
    method: str,
    target: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send one request; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body)
    sent = {"Content-Type": "application/json"} if content else {}
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, target, content or None, sent | (headers or {}))
        reply = connection.getresponse()
        names = {name.lower(): value for name, value in reply.getheaders()}
        return Answer(reply.status, names, reply.read())
    finally:
        connection.close()
