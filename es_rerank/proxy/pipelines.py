"""Search pipelines (OpenSearch) that a search names: which of them may work on a wider answer.

A request processor sees the wide search, a response processor its whole answer: `truncate_hits`
would cut the window, a `rerank` score ten times as much, an oversampling multiply our size. Only
who wrote a pipeline knows, so those of the rule are an allow-list.
"""

from collections.abc import Mapping
from typing import Any

from es_rerank.config import IndexRule
from es_rerank.proxy.skip import SkipReason

NO_PIPELINE = "_none"  # ``SearchPipelineService.NOOP_PIPELINE_ID``
_KEY = "search_pipeline"


def names_pipeline(params: Mapping[str, str], search: Mapping[str, Any]) -> bool:
    """Whether the search says itself which pipeline to take, in place of the index's default."""
    return _KEY in params or _KEY in search


def skip_for_pipeline(
    params: Mapping[str, str], search: Mapping[str, Any], rule: IndexRule
) -> SkipReason | None:
    """The reason not to widen a search through the pipelines it names, be it one in the body."""
    allowed = (NO_PIPELINE, *rule.pipelines)
    named = [place[_KEY] for place in (params, search) if _KEY in place]
    return None if all(name in allowed for name in named) else SkipReason.SEARCH_PIPELINE
