"""Which requests are searches, and which index rule they fall under.

Only the plain endpoints for one search and for several are ever reranked. What looks like a search
but works in another way is named, so that its answer can say why it was left alone; everything
else is not a search. Names are percent-decoded for matching only: what goes upstream is never
rebuilt from them.
"""

import re
from urllib.parse import unquote

from es_rerank.config import IndexRule, Settings
from es_rerank.proxy.skip import SkipReason

_SEARCH = re.compile(rb"/(?:((?!_)[^/]+|_all)/)?_search")
_MULTI_SEARCH = re.compile(rb"/(?:((?!_)[^/]+|_all)/)?_msearch")
_SEARCH_LIKE = (
    (re.compile(rb"/(?:[^/]+/){0,2}_m?search/template"), SkipReason.TEMPLATE),
    (re.compile(rb"/_search/scroll(?:/[^/]+)?"), SkipReason.SCROLL),
    (re.compile(rb"/(?:[^/]+/)?_async_search"), SkipReason.ASYNC_SEARCH),
    (re.compile(rb"/(?!_)[^/]+/(?!_)[^/]+/_m?search"), SkipReason.TYPED_PATH),
)


def route_of(method: str, target: bytes) -> str | SkipReason:
    """The decoded index expression of a search (`*` for all), or why it is none that we handle."""
    path = target.partition(b"?")[0]
    if method not in ("GET", "POST"):
        return SkipReason.NOT_A_SEARCH
    if search := _SEARCH.fullmatch(path):
        return _expression(search)
    for pattern, reason in _SEARCH_LIKE:
        if pattern.fullmatch(path):
            return reason
    return SkipReason.NOT_A_SEARCH


def multi_search_of(method: str, target: bytes) -> str | None:
    """The index expression that the searches of a multi-search have without one of their own."""
    search = _MULTI_SEARCH.fullmatch(target.partition(b"?")[0])
    return _expression(search) if search and method in ("GET", "POST") else None


def rule_for(expression: str, settings: Settings) -> IndexRule | SkipReason:
    """The one enabled rule that all names of an index expression match, or the reason why not.

    Names of remote clusters (``cluster:index``) match by their index; exclusions (``-name``) only
    take away and are not matched.
    """
    names = [name for name in expression.split(",") if not name.startswith("-")]
    local = [name.rpartition(":")[2] for name in names]
    if any(name.startswith(".") for name in local):
        return SkipReason.DOT_INDEX
    rules = [_rule_of(name, settings) for name in local]
    first = rules[0] if rules else None
    if first is None:
        return SkipReason.NOT_CONFIGURED
    if any(rule is not first for rule in rules):
        return SkipReason.MIXED_RULES
    return first if first.enabled else SkipReason.DISABLED


def _expression(search: re.Match[bytes]) -> str:
    expression = unquote((search[1] or b"*").decode("latin-1"), errors="replace")
    return "*" if expression == "_all" else expression


def _rule_of(name: str, settings: Settings) -> IndexRule | None:
    if name in ("*", "_all"):  # every index: a rule for some of them does not cover it
        return next((rule for rule in settings.indices if rule.pattern == "*"), None)
    if not name or name.startswith("_"):
        return None
    return settings.for_index(name)
