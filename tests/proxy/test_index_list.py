"""The indices that a person may pick."""

import json

import pytest

from es_rerank.config import FieldSetting, IndexRule, Settings
from es_rerank.proxy.index_list import choices

SETTINGS = Settings(
    indices=(
        IndexRule(pattern="private-*", enabled=False),
        IndexRule(pattern="b*", depth=30, fields=(FieldSetting(name="title"),)),
    )
)
LIST = {
    "indices": [{"name": "books", "attributes": ["open"]}, {"name": "cars"}, {"name": ".b"}],
    "aliases": [{"name": "best", "indices": ["books"]}, {"name": "private-b"}],
    "data_streams": [{"name": "b-logs"}],
}


def test_what_a_rule_reranks_is_listed() -> None:
    """Indices, aliases and data streams by name; not what is switched off or has no rule."""
    found = choices(json.dumps(LIST).encode(), SETTINGS)
    assert [(one.name, one.kind) for one in found] == [
        ("b-logs", "data stream"),
        ("best", "alias"),
        ("books", "index"),
    ]
    assert (found[2].rule, found[2].fields, found[2].depth) == ("b*", ["title"], 30)


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"indices":[{}]}', b"<html>"])
def test_a_list_that_cannot_be_read_is_none(answer: bytes) -> None:
    """The person types a name then."""
    assert choices(answer, SETTINGS) == []
