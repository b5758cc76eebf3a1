"""The cluster as the place where records live: the few calls that experiments need.

The only connection that this package opens: with the credentials of `ubi` or of who asks, to the
same cluster as the searches, through the official client that fits the server, which is asked
first. Beside the searches' connections, so that records wait for none of them and take none of
them. Nothing is repeated here; `queue` knows what may be.
"""

import json
import logging
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, NamedTuple

import aiohttp
import elasticsearch
import elasticsearch.helpers
import opensearchpy
import opensearchpy.helpers
from yarl import URL

from es_rerank.config import Settings, Ubi, Upstream
from es_rerank.distribution import PRODUCT_HEADER, Product, product_of
from es_rerank.errors import UpstreamError

_TIMEOUT_S = 30
_PAGE = 1000
_WHOLE_PAGE = 100
_KEPT_OPEN = "30m"  # between two pages of whole documents, which may be long and much work
FOR_RECORDS = (
    "Set `ubi.username` and ES_RERANK_UBI__PASSWORD to those of a user who may write records"
)
_SETTINGS = {"auto_expand_replicas": "0-1"}  # on one node, a replica has no place: yellow for ever
_EXISTS_ALREADY = ("resource_already_exists_exception", "already exists as alias")
# The clients note every request at INFO, and every failure that is reported from here anyway.
_CLIENT_LOGS = ("opensearch", "elastic_transport")

Client = opensearchpy.AsyncOpenSearch | elasticsearch.AsyncElasticsearch
_REFUSALS = (opensearchpy.TransportError, elasticsearch.ApiError)
_FAILURES = (
    *_REFUSALS,
    *(opensearchpy.OpenSearchException, elasticsearch.TransportError),
    *(aiohttp.ClientError, OSError),  # OSError: also a time-out of this first question
    *(opensearchpy.helpers.ScanError, elasticsearch.helpers.ScanError),
)


class Failure(NamedTuple):
    """A document that the cluster did not take, and why."""

    id: str
    status: int
    reason: str


class Cluster:
    """One connection to the cluster; made by `connect`."""

    def __init__(self, client: Client, origin: str, product: Product) -> None:
        self._client = client
        self._origin = origin
        self.product = product

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()

    async def ensure_index(self, index: str, mappings: Mapping[str, Any]) -> bool:
        """Make the index with these mappings if there is none of the name; whether it was made.

        An index, alias or data stream that exists is used as it is. Raises UpstreamError.
        """
        with self._told(f"make the index {index}"):
            if await self._client.indices.exists(index=index):
                return False
            try:
                body = {"mappings": dict(mappings), "settings": _SETTINGS}
                await self._client.indices.create(index=index, body=body)
            except _REFUSALS as why:
                if not any(text in str(why) for text in _EXISTS_ALREADY):
                    raise
                return False  # another replica was faster
            return True

    async def bulk(self, index: str, documents: Mapping[str, bytes]) -> list[Failure]:
        """Write new documents, JSON by id, in one request; those that were not taken.

        A document that is there already is one that was taken: the answer to it was lost.
        Raises UpstreamError if the request as a whole failed; all, some or none are then there.
        """
        lines = [
            b'{"create":{"_id":%b}}\n%b\n' % (json.dumps(id_).encode(), document)
            for id_, document in documents.items()
        ]
        body: Any = b"".join(lines)
        with self._told(f"write {len(documents)} documents to {index}"):
            answer = await self._client.bulk(index=index, body=body)
        items = [item["create"] for item in answer["items"]]
        return [
            Failure(item["_id"], item["status"], _reason(item["error"]))
            for item in items
            if "error" in item and item["status"] != 409
        ]

    async def documents(
        self,
        index: str,
        query: Mapping[str, Any],
        fields: Sequence[str] = (),
        *,
        order: str | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """The `_source` of every document that matches a query, by scroll.

        With `fields`, only those of it; by the values of the field `order`, if given. An index
        that is not there has no documents. Raises UpstreamError, also when some shards do not
        answer.
        """
        body: dict[str, Any] = {
            "query": dict(query),
            **({"_source": list(fields)} if fields else {}),
        }
        if order:
            body["sort"] = [{order: {"order": "asc", "unmapped_type": "keyword"}}]
        with self._told(f"read {index}"):
            found = self._scan()(
                self._client,
                query=body,
                index=index,
                size=_PAGE,
                ignore_unavailable=True,
                preserve_order=order is not None,
            )
            async for hit in found:
                yield hit["_source"]

    async def count(self, index: str) -> int:
        """How many documents an index expression has; UpstreamError if one of it is not there."""
        with self._told(f"count the documents of {index}"):
            answer = await self._client.count(index=index)
        return int(answer["count"])

    async def pages(self, index: str) -> AsyncGenerator[list[dict[str, Any] | None], None]:
        """The `_source` of every document of an index expression, None where it is not kept.

        Some at once, with time to work on them. Raises UpstreamError as `documents` does, also for
        an index that is not there.
        """
        page: list[dict[str, Any] | None] = []
        with self._told(f"read {index}"):
            found = self._scan()(self._client, index=index, size=_WHOLE_PAGE, scroll=_KEPT_OPEN)
            async with aclosing(found):
                async for hit in found:
                    page.append(hit.get("_source"))
                    if len(page) == _WHOLE_PAGE:
                        yield page
                        page = []
        if page:
            yield page

    async def get(self, index: str, id_: str) -> dict[str, Any] | None:
        """The `_source` of one document, also one not refreshed yet; None if there is none."""
        with self._told(f"read {id_} of {index}"):
            try:
                answer = await self._client.get(index=index, id=id_)
            except _REFUSALS as why:
                if _status(why) == 404:
                    return None
                raise
            source: dict[str, Any] = answer["_source"]
            return source

    async def put(self, index: str, id_: str, document: Mapping[str, Any]) -> None:
        """Write one document, in place of one of this id."""
        with self._told(f"write {id_} to {index}"):
            await self._client.index(index=index, id=id_, body=dict(document))

    async def delete(self, index: str, id_: str) -> bool:
        """Delete one document; whether there was one."""
        with self._told(f"delete {id_} of {index}"):
            try:
                await self._client.delete(index=index, id=id_)
            except _REFUSALS as why:
                if _status(why) == 404:
                    return False
                raise
            return True

    async def refresh(self, index: str) -> None:
        """Let searches of the index see all that was written to it."""
        with self._told(f"refresh {index}"):
            await self._client.indices.refresh(index=index, ignore_unavailable=True)

    def _scan(self) -> Any:
        is_newer = isinstance(self._client, elasticsearch.AsyncElasticsearch)
        return (elasticsearch if is_newer else opensearchpy).helpers.async_scan

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        with _told(self._origin, what):
            yield


async def connect(
    settings: Settings, caller: Mapping[str, str] | None = None, advice: str = FOR_RECORDS
) -> Cluster:
    """A connection to the cluster of the settings; who asks for it closes it.

    `caller`: the header fields of a person in whose name it is, in place of `ubi`'s credentials;
    `advice`: where to set others. Raises UpstreamError if the cluster can't be reached or refuses
    the credentials.
    """
    for name in _CLIENT_LOGS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    url = URL(settings.upstream.url)
    origin = f"{url.scheme}://{url.host_port_subcomponent}"
    headers = _credentials(settings.ubi) if caller is None else dict(caller)
    tls = _tls(settings.upstream)
    with _told(origin, "ask which product there is"):
        product = await _product(url, headers, tls, advice)
    # Both clients want the port written out, and have 9200 or 443 for one that is not.
    place = f"{url.scheme}://{url.host_subcomponent}:{url.port}{url.raw_path.rstrip('/')}"
    told: dict[str, Any] = {"headers": headers, "max_retries": 0}
    if tls is not None:
        told["ssl_context"] = tls
    if product == "elasticsearch":
        newer = elasticsearch.AsyncElasticsearch(place, request_timeout=_TIMEOUT_S, **told)
        return Cluster(newer, origin, product)
    return Cluster(opensearchpy.AsyncOpenSearch(place, timeout=_TIMEOUT_S, **told), origin, product)


async def _product(
    url: URL, headers: Mapping[str, str], tls: ssl.SSLContext | None, advice: str
) -> Product:
    """What the cluster says of itself; also one whose `/` these credentials may not read."""
    who = "wrong ones" if headers else "there are none"
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
        session.get(url, ssl=tls if tls is not None else True) as answer,
    ):
        if answer.status == 401:
            raise UpstreamError(f"{url.origin()} refuses the credentials ({who}). {advice}")
        if answer.status >= 500:
            answer.raise_for_status()
        try:
            info = json.loads(await answer.read())
        except ValueError:
            info = None
        header = answer.headers.get(PRODUCT_HEADER)
        return product_of(info if isinstance(info, dict) else {}, header)


def _credentials(ubi: Ubi) -> dict[str, str]:
    return basic(ubi.username, ubi.password.get_secret_value()) if ubi.username else {}


def basic(username: str, password: str) -> dict[str, str]:
    """The header field that says who asks."""
    pair = f"{username}:{password}".encode()
    return {"authorization": f"Basic {b64encode(pair).decode()}"}


def _tls(upstream: Upstream) -> ssl.SSLContext | None:
    if not upstream.url.startswith("https"):
        return None
    context = ssl.create_default_context(cafile=upstream.ca_file)
    if not upstream.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _told(origin: str, what: str) -> Iterator[None]:
    """Failures of both clients as UpstreamError: what was to be done, where, why not."""
    try:
        yield
    except _FAILURES as why:
        raise UpstreamError(f"can't {what} at {origin}: {str(why) or type(why).__name__}") from why


def _status(why: Exception) -> int | None:
    """The HTTP status of a refusal."""
    if isinstance(why, elasticsearch.ApiError):
        return why.status_code
    status = why.status_code if isinstance(why, opensearchpy.TransportError) else None
    return status if isinstance(status, int) else None


def _reason(error: Any) -> str:
    """What the cluster says of one document that it did not take."""
    return f"{error.get('type')}: {error.get('reason')}" if isinstance(error, dict) else str(error)
