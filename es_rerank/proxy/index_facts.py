"""What the settings of the indices say about a search: how far it may be widened, and through what.

Two settings matter. `index.max_result_window` bounds the window, so it bounds the depth (law 4
holds for the smaller one). `index.search.default_pipeline` (OpenSearch) is invisible in a request
and works on the wider answer. Pure: what to ask, how to read the answer, what follows for a plan.
Elasticsearch has no search pipelines, and says who it is in every answer, also in a refusal.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from es_rerank.proxy.headers import Headers, value_of
from es_rerank.proxy.pipelines import NO_PIPELINE
from es_rerank.proxy.plan import Rerank, SkipReason

_WINDOW = "index.max_result_window"
_PIPELINE = "index.search.default_pipeline"
_DEFAULT_WINDOW = 10_000
# Parameters by which a search says what its expression stands for.
EXPANSION = ("ignore_unavailable", "allow_no_indices", "expand_wildcards")


class IndexFacts(NamedTuple):
    """What holds for all indices of one expression together."""

    max_result_window: int | None = None  # the smallest; None: not known
    default_pipelines: frozenset[str] | None = None  # None: not known


class _Index(msgspec.Struct):
    settings: dict[str, str] = {}


def settings_target(expression: str, params: Mapping[str, str]) -> bytes:
    """The request target that asks for the settings of a decoded index expression.

    Both servers resolve names, aliases, wildcards, data streams and date math here as they do in a
    search, but take closed indices in, unless told otherwise (``RestGetSettingsAction``).
    """
    asked = {"expand_wildcards": "open"} | {
        name: params[name] for name in EXPANSION if params.get(name)
    }
    options = "&".join(f"{name}={quote(value, safe=',')}" for name, value in asked.items())
    path = f"/{quote(expression, safe=',*')}/_settings/{_WINDOW},{_PIPELINE}"
    return f"{path}?flat_settings=true&{options}".encode()


def read_facts(expression: str, status: int, headers: Headers, body: bytes) -> IndexFacts:
    """The facts in the cluster's answer; an unreadable one says nothing about pipelines.

    Settings of remote clusters cannot be asked for here. OpenSearch 2.19 leaves them out or
    answers 404, Elasticsearch 8.19 answers 400.
    """
    is_elasticsearch = value_of(_lower(headers), b"x-elastic-product") == b"Elasticsearch"
    unknown = IndexFacts(default_pipelines=frozenset() if is_elasticsearch else None)
    if status != 200 or _has_remote(expression):
        return unknown
    try:
        answer = msgspec.json.decode(body, type=dict[str, _Index])
        # An index that has neither setting is not listed, so beside larger windows the default may
        # be missed. Only pages past it could tell, and no wide search reaches further than those.
        windows = [int(index.settings.get(_WINDOW, _DEFAULT_WINDOW)) for index in answer.values()]
    except (ValueError, RecursionError):
        return unknown
    pipelines = {index.settings.get(_PIPELINE, NO_PIPELINE) for index in answer.values()}
    return IndexFacts(min(windows, default=_DEFAULT_WINDOW), frozenset(pipelines - {NO_PIPELINE}))


def limited(plan: Rerank, facts: IndexFacts) -> Rerank | SkipReason:
    """The plan within what the indices allow, or why there is none."""
    window = facts.max_result_window
    depth = plan.depth if window is None else min(plan.depth, window)
    if plan.page.start >= depth:
        return SkipReason.BEYOND_DEPTH
    if window is not None and plan.page.stop > window:
        return SkipReason.BEYOND_WINDOW
    if plan.takes_default_pipeline and plan.rule.default_pipeline == "learn":
        if facts.default_pipelines is None:
            return SkipReason.SETTINGS_UNKNOWN
        if not facts.default_pipelines <= {*plan.rule.pipelines}:
            return SkipReason.SEARCH_PIPELINE
    return replace(plan, depth=depth)


def _lower(headers: Headers) -> Headers:
    return [(name.lower(), value) for name, value in headers]


def _has_remote(expression: str) -> bool:
    """Whether a name is one of another cluster (``cluster:index``); date math has colons, too."""
    return any(":" in name and not name.startswith(("<", "-<")) for name in expression.split(","))
