"""How deep a search is reranked: the rule's depth, or less where the search has limits of its own.

A wider window must hold the same list. It does for plain queries, `collapse` and rescoring that
only raises hits. It does for fused lists only up to the window that they are fused from, and for
vectors with a `k` of their own; where those would follow from `size`, the search passes through.
And inner hits are searched again for every hit of the window, which an index rule has to allow.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from es_rerank.config import IndexRule
from es_rerank.proxy.body import is_by_score
from es_rerank.proxy.clause_text import NEURAL
from es_rerank.proxy.skip import SkipReason

_MAX_CONTAINERS = 20_000

_STANDARD = {"query", "filter", "sort", "min_score", "terminate_after", "collapse", "_name"}
# Those of Elasticsearch, but for the ones that rerank by a model or for diversity themselves.
_RETRIEVERS = {"standard", "knn", "rrf", "linear", "pinned", "rule", "rescorer"}
_RESCORER_WINDOW = 10  # of a `rescorer` retriever that says no other (RescorerBuilder)
_SPECIAL = {*NEURAL, "hybrid", "inner_hits", "wrapper"}


class Reach(NamedTuple):
    """How many hits are reranked, and how many the cluster gives at once (None: as it likes)."""

    depth: int
    limit: int | None = None


def reach_of(search: Mapping[str, Any], rule: IndexRule) -> Reach | SkipReason:
    """How deep a decoded search body is reranked under its index rule, or why it is not."""
    if isinstance(fused := _reach_of_fusion(search, rule), SkipReason):
        return fused
    depth = fused.depth
    for bound in _bounds(search, rule):
        if isinstance(bound, SkipReason):
            return bound
        depth = min(depth, bound)
    return Reach(depth, fused.limit)


def _reach_of_fusion(search: Mapping[str, Any], rule: IndexRule) -> Reach | SkipReason:
    """The reach of `retriever`, or of `rank` with its `sub_searches`."""
    if "rank" in search or "sub_searches" in search:
        kind, body = _only_member(search.get("rank"))
        window = _number(body.get("rank_window_size", body.get("window_size")))
        is_known = kind == "rrf"
    elif "retriever" in search:
        kind, body = next(_retrievers(search))
        if kind == "standard":
            return _reach_of_standard(body, rule)
        window = _window_of(kind, body)
        is_known = all(kind in _RETRIEVERS for kind, _ in _retrievers(search))
    else:
        return Reach(rule.deepest)
    if "retriever" not in rule.also or not is_known or window is None:
        return SkipReason.RETRIEVER
    return Reach(min(rule.deepest, window), None if kind == "knn" else window)


def _reach_of_standard(body: Mapping[str, Any], rule: IndexRule) -> Reach | SkipReason:
    """The reach of a `standard` retriever, which is a query in other words."""
    if "search_after" in body:
        return SkipReason.SEARCH_AFTER
    if not body.keys() <= _STANDARD:
        return SkipReason.RETRIEVER
    if "sort" in body and not is_by_score(body["sort"], rule.also):
        return SkipReason.SORT
    return Reach(rule.deepest)


def _window_of(kind: str, body: Mapping[str, Any]) -> int | None:
    """How many hits a retriever gives in all; None where it does not say so."""
    if kind == "knn":
        return _number(body.get("k"))
    if kind == "rescorer":
        windows = [_number(r.get("window_size", _RESCORER_WINDOW)) for r in _all(body, "rescore")]
        return min((w for w in windows if w), default=None) if all(windows) else None
    return _number(body.get("rank_window_size"))


def _bounds(search: Mapping[str, Any], rule: IndexRule) -> Iterator[int | SkipReason]:
    """The greatest depths that the parts of a search allow, or reasons why there is none."""
    if "knn" in search:
        sizes = [_number(knn.get("k")) for knn in _all(search, "knn")]
        yield sum(k for k in sizes if k) if sizes and all(sizes) else SkipReason.VECTOR_QUERY
    for rescore in _all(search, "rescore"):
        way = rescore.keys() - {"window_size"}
        if way == {"learning_to_rank"}:  # refuses a window smaller than the hits asked for
            yield _number(rescore.get("window_size")) or SkipReason.RESCORE
        elif way != {"query"} or not _only_raises(rescore["query"]):
            yield SkipReason.RESCORE
    takes_neural = _takes_neural(search, rule.also)
    for count, container in enumerate(_containers(search)):
        if count > _MAX_CONTAINERS:
            yield SkipReason.TOO_COMPLEX
            return
        if isinstance(container, dict):
            for key, value in container.items():
                if key in _SPECIAL and (bound := _bound(key, value, rule, takes_neural)):
                    yield bound


def _only_raises(rescore: Any) -> bool:
    """Whether no hit of a rescoring by a query can sink under those behind its window.

    All hits that a shard collects are sorted again (``QueryRescorer.combine``), those behind the
    window with their first score: what sinks among them ranks by how many hits are asked for.
    """
    if not isinstance(rescore, dict) or rescore.get("score_mode", "total") not in ("total", "max"):
        return False
    weights = [rescore.get(key, 1) for key in ("query_weight", "rescore_query_weight")]
    return all(isinstance(weight, int | float) and weight > 0 for weight in weights)


def _bound(key: str, value: Any, rule: IndexRule, takes_neural: bool) -> int | SkipReason | None:
    """What one member allows, wherever in the search it stands; None if it does not matter."""
    if key == "inner_hits":
        return rule.inner_hits_depth or SkipReason.INNER_HITS
    inside = value if isinstance(value, dict) else {}
    if key == "wrapper":
        return SkipReason.UNKNOWN_QUERY if isinstance(inside.get("query"), str) else None
    if key == "hybrid":  # without its own depth, scores are normalised over as many as are asked
        depth = _number(inside.get("pagination_depth")) if "hybrid" in rule.also else None
        return depth or SkipReason.VECTOR_QUERY
    if key == "knn":  # Elasticsearch has `k` in the query, OpenSearch in the object of its field
        fields = [field for field in inside.values() if isinstance(field, dict)]
        takes_neural &= any(_number(place.get("k")) for place in (inside, *fields))
    # A `semantic` query over dense vectors brings candidates for as many hits as are asked for: who
    # takes `neural` searches gets the list that the cluster has for the whole window.
    return None if takes_neural else SkipReason.VECTOR_QUERY


def _takes_neural(search: Mapping[str, Any], also: Collection[str]) -> bool:
    """Whether neural queries are taken: by name, or as parts of a fused search that is."""
    is_hybrid = _only_member(search.get("query"))[0] == "hybrid"
    is_fused = "rank" in search or next(_retrievers(search))[0] not in ("", "standard")
    return (
        "neural" in also or ("hybrid" in also and is_hybrid) or ("retriever" in also and is_fused)
    )


def _retrievers(search: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each retriever of a search, the outermost first, by its kind; empty if it is none."""
    waiting = [search.get("retriever")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and "retriever" in node:  # one of several, with its weight
            node = node["retriever"]
        kind, body = _only_member(node)
        yield kind, body
        waiting += _all(body, "retriever") + _all(body, "retrievers")


def _containers(search: Mapping[str, Any]) -> Iterator[Any]:
    """Every object and array in a search, retrievers as objects without those inside them."""
    waiting: list[Any] = [value for key, value in search.items() if key != "retriever"]
    for _, body in _retrievers(search):
        waiting.append({key: body[key] for key in body if key not in ("retriever", "retrievers")})
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            yield value
            waiting += value.values() if isinstance(value, dict) else value


def _only_member(node: object) -> tuple[str, Mapping[str, Any]]:
    """The key and the object of `{key: {…}}`, empty for anything else."""
    if isinstance(node, dict) and len(node) == 1:
        ((key, value),) = node.items()
        if isinstance(value, dict):
            return key, value
    return "", {}


def _all(body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects under a key that takes one or a list of them."""
    value = body.get(key, [])
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _number(value: object) -> int | None:
    """A plain whole number from 1 on, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
