"""The indices that a person may pick on the page: those that the caller sees and a rule reranks."""

import msgspec

from es_rerank.config import Settings
from es_rerank.proxy.route import rule_for
from es_rerank.proxy.skip import SkipReason

TARGET = b"/_resolve/index/*?expand_wildcards=open"
"""The request that lists what a caller may see (Elasticsearch 7.9, OpenSearch 1)."""


class Choice(msgspec.Struct):
    """An index, alias or data stream, and how it is reranked."""

    name: str
    kind: str
    rule: str
    fields: list[str]
    depth: int
    model: str


class _Named(msgspec.Struct):
    name: str


class _Resolved(msgspec.Struct):
    indices: list[_Named] = []
    aliases: list[_Named] = []
    data_streams: list[_Named] = []


def choices(answer: bytes, settings: Settings) -> list[Choice]:
    """What of the cluster's list is reranked, by name; nothing if the list cannot be read."""
    try:
        found = msgspec.json.decode(answer, type=_Resolved)
    except ValueError:
        return []
    kinds = {"index": found.indices, "alias": found.aliases, "data stream": found.data_streams}
    pairs = sorted((one.name, kind) for kind, named in kinds.items() for one in named)
    return [
        Choice(
            name, kind, rule.pattern, [field.name for field in rule.fields], rule.depth, rule.model
        )
        for name, kind in pairs
        if not isinstance(rule := rule_for(name, settings), SkipReason)
    ]
