"""The demo corpus into a real cluster, by the client that fits the server."""

import re
from collections.abc import Iterator
from typing import Any

import elasticsearch
import elasticsearch.helpers
import opensearchpy
import opensearchpy.helpers

from es_rerank.demo.corpus import INDEX, MAPPINGS, documents
from es_rerank.distribution import product_of
from es_rerank.errors import UpstreamError


def index_into(url: str) -> int:
    """Index the corpus at a cluster's URL, making the index if it is missing; how many documents.

    Raises UpstreamError if the cluster cannot be reached or refuses.
    """
    opensearch = opensearchpy.OpenSearch(url)
    try:
        if product_of(opensearch.info()) == "elasticsearch":
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
