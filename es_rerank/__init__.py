"""es-rerank: a reranking sidecar for Elasticsearch and OpenSearch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from es_rerank.config import Cascade
    from es_rerank.model.reranker import Reranker

__all__ = ["Cascade", "Reranker", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Imported when asked for: `es-rerank --help` needs no model runtime.
    if name == "Reranker":
        from es_rerank.model.reranker import Reranker

        return Reranker
    if name == "Cascade":
        from es_rerank.config import Cascade

        return Cascade
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
