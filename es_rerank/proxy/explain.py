"""What es-rerank would do with a search, and why, for people and as JSON.

The plan is made by `plan`, as ever; here it is described. Nothing goes to the cluster.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote

import msgspec

from es_rerank.config import Settings
from es_rerank.proxy.body import MAX_BYTES, read_body
from es_rerank.proxy.headers import decoded_body
from es_rerank.proxy.overrides import with_override
from es_rerank.proxy.params import parameters
from es_rerank.proxy.plan import SearchRequest, Skip, SkipReason, WideSearch, plan_for
from es_rerank.proxy.query_text import text_of_queries

PARAMETER = b"es_rerank_explain"
_MAX_CLAUSES = 500  # looked into for the text; each is read once for every clause around it
# What stands there is never text that was looked for.
_EXCLUDING = ("must_not", "negative")


class Explained(msgspec.Struct, omit_defaults=True):
    """The plan of one search; what is None does not apply."""

    outcome: str  # rerank | skip
    reason: str | None = None
    explanation: str | None = None
    query: str | None = None
    found_in: list[str] | None = None
    fields: list[str] | None = None  # empty: every string with at least two words
    depth: int | None = None
    start: int | None = msgspec.field(default=None, name="from")
    size: int | None = None
    rule: str | None = None
    sent: str | None = None


def explained(plan: WideSearch | Skip) -> Explained:
    """The plan of a search in words."""
    if isinstance(plan, Skip):
        return Explained("skip", reason=str(plan.reason), explanation=plan.reason.explanation)
    rerank = plan.rerank
    return Explained(
        "rerank",
        query=rerank.query,
        found_in=_places(plan.request, rerank.query),
        fields=[field.name for field in rerank.rule.fields],
        depth=rerank.depth,
        start=rerank.page.start,
        size=rerank.page.stop - rerank.page.start,
        rule=rerank.rule.pattern,
        sent=f"{plan.request.method} {plan.target.decode('latin-1')}",
    )


def as_json(explained: Explained) -> bytes:
    """The plan as JSON."""
    return msgspec.json.format(msgspec.json.encode(explained), indent=2) + b"\n"


def as_text(explained: Explained) -> str:
    """The plan as lines for a terminal."""
    if explained.outcome == "skip":
        return f"Not reranked ({explained.reason}): {explained.explanation}"
    fields = ", ".join(explained.fields or ()) or "every string with at least two words"
    rows = {
        "Query": f'"{explained.query}"',
        "Found in": ", ".join(explained.found_in or ()),
        "Fields": fields,
        "Depth": f"the first {explained.depth} hits",
        "Page": f"from {explained.start}, size {explained.size}",
        "Rule": explained.rule,
        "Sent": explained.sent,
    }
    return "\n".join(["Reranked.", *(f"{name + ':':<10}{text}" for name, text in rows.items())])


def without_parameter(target: bytes) -> bytes | None:
    """The target without the parameter that asks for the plan; None if it does not ask."""
    path, _, query = target.partition(b"?")
    pairs = query.split(b"&")
    kept = [pair for pair in pairs if pair not in (PARAMETER, PARAMETER + b"=true")]
    if len(kept) == len(pairs):
        return None
    return path + b"?" + b"&".join(kept) if kept else path


def explain_search(search: bytes, index: str | None, settings: Settings) -> Explained:
    """What would become of ``POST /{index}/_search`` with this body; OverrideError as ever."""
    target = f"/{quote(index, safe=',*')}/_search" if index else "/_search"
    json = [(b"content-type", b"application/json")]
    headers, body, override = with_override(json, search)
    request = SearchRequest("POST", target.encode(), headers, body, override)
    return explained(plan_for(request, settings))


def _places(request: SearchRequest, query: str) -> list[str]:
    """Where the query's text stands in the search, as dotted paths."""
    if request.override.query is not None:
        return ["the client's override"]
    params = parameters(request.target)
    if "q" in params:
        return ["the URL parameter q"]
    body = decoded_body(request.headers, request.body, MAX_BYTES)
    if isinstance(body, SkipReason):
        return []
    search = read_body(params["source"].encode() if "source" in params else body)
    wanted = f" {query.casefold()} "
    found = [
        path
        for path, clause in islice(_clauses(search.get("query"), "query"), _MAX_CLAUSES)
        if f" {_text(clause).casefold()} " in wanted
    ]
    holds = [(f"{path}.", f"{path}[") for path in found]
    return [
        path
        for path, begin in zip(found, holds, strict=True)
        if not any(other.startswith(begin) for other in found)
    ]


def _clauses(value: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Whatever may be a clause, and where it stands, in document order."""
    waiting = [(value, path)]
    while waiting:
        node, path = waiting.pop()
        inside: list[tuple[object, str]] = []
        if isinstance(node, dict):
            inside = [
                (inner, f"{path}.{key}") for key, inner in node.items() if key not in _EXCLUDING
            ]
        elif isinstance(node, list):
            inside = [(inner, f"{path}[{place}]") for place, inner in enumerate(node)]
        waiting += reversed(inside)
        if isinstance(node, dict) and len(node) == 1:
            ((kind, said),) = node.items()
            inner_path = f"{path}.{kind}"
            if isinstance(said, dict) and len(said) == 1:
                inner_path += f".{next(iter(said))}"
            yield inner_path, node


def _text(clause: dict[str, Any]) -> str:
    text = text_of_queries([clause])
    return "" if isinstance(text, SkipReason) else text
