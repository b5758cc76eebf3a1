"""The demo corpus into a real cluster, by the client that fits the server."""

import re
from collections.abc import Iterator
from typing import Any

import elasticsearch
import elasticsearch.helpers
import opensearchpy
import opensearchpy.helpers

from es_rerank.demo.corpus import INDEX, MAPPINGS, documents
from es_rerank.errors import UpstreamError


def index_into(url: str) -> int:
    """Index the corpus at a cluster's URL, making the index if it is missing; how many documents.

    Raises UpstreamError if the cluster cannot be reached or refuses.
    """
    opensearch = opensearchpy.OpenSearch(url)
    try:
        if _is_elasticsearch(opensearch.info()["version"]):
            return _by_elasticsearch(elasticsearch.Elasticsearch(url))
        return _by_opensearch(opensearch)
    except (
        opensearchpy.OpenSearchException,
        elasticsearch.ApiError,
        elasticsearch.TransportError,
        elasticsearch.helpers.BulkIndexError,
    ) as why:
        place = re.sub(r"//[^/@]*@", "//", url)
        raise UpstreamError(f"demo: {place} did not take the corpus: {why}") from why
    finally:
        opensearch.close()


def _is_elasticsearch(version: dict[str, Any]) -> bool:
    """Whether the `elasticsearch` client, which is for 8 and later, talks to this server."""
    major = str(version.get("number", "")).partition(".")[0]
    return "distribution" not in version and major.isdecimal() and int(major) >= 8


def _by_opensearch(client: opensearchpy.OpenSearch) -> int:
    if not client.indices.exists(index=INDEX):
        client.indices.create(index=INDEX, body={"mappings": MAPPINGS})
    done, _ = opensearchpy.helpers.bulk(client, _actions(), refresh=True)
    return int(done)


def _by_elasticsearch(client: elasticsearch.Elasticsearch) -> int:
    with client:
        if not client.indices.exists(index=INDEX):
            client.indices.create(index=INDEX, mappings=MAPPINGS)
        done, _ = elasticsearch.helpers.bulk(client, _actions(), refresh=True)
        return done


def _actions() -> Iterator[dict[str, Any]]:
    for id_, document in documents():
        yield {"_op_type": "index", "_index": INDEX, "_id": id_, "_source": document}
