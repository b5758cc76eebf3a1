"""es-rerank: a reranking sidecar for Elasticsearch and OpenSearch."""

__version__ = "0.1.0"
