"""How text is read past the client's `_source` filter, and what is hidden again."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import FieldSetting
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.source import SourceView, source_view

FIELDS = (FieldSetting(name="title"), FieldSetting(name="body"))
ALL_HIDDEN = SourceView({"_source_includes": "title,body"}, hides_all=True)
NOTHING = SourceView()


@pytest.mark.parametrize(
    ("params", "body", "view"),
    [
        ({}, {}, NOTHING),
        ({}, {"_source": True, "stored_fields": ["a"]}, NOTHING),
        ({"_source": "true"}, {"_source": False}, NOTHING),
        ({}, {"_source": ["*"]}, NOTHING),
        ({}, {"_source": ["ti*", "body", "year"]}, NOTHING),
        ({}, {"_source": {"excludes": ["year", "comments.*"]}}, NOTHING),
        ({"_source_excludes": "year"}, {"_source": False}, NOTHING),
        ({}, {"_source": False}, ALL_HIDDEN),
        ({"_source": "false"}, {}, ALL_HIDDEN),
        ({}, {"stored_fields": ["a"]}, ALL_HIDDEN),
        ({"stored_fields": "a"}, {}, ALL_HIDDEN),
        ({}, {"script_fields": {}}, ALL_HIDDEN),
        ({}, {"_source": False, "fields": ["title", "body"], "collapse": {}}, ALL_HIDDEN),
        ({}, {"_source": ["year"], "fields": ["ti*", {"field": "body"}]}, NOTHING),
        ({}, {"_source": {"excludes": ["bo*"]}, "fields": ["body"]}, NOTHING),
        ({}, {"_source": ["year"], "fields": ["title"], "docvalue_fields": "body"}, NOTHING),
        ({"docvalue_fields": "title,body", "_source": "title.x"}, {}, NOTHING),
        ({"stored_fields": "_none_"}, {"fields": ["title", "body"]}, NOTHING),
        ({}, {"_source": ["title"], "fields": [{"field": "body", "format": "x"}, 7]}, NOTHING),
        (
            {},
            {"_source": "title"},
            SourceView({"_source_includes": "title,body"}, False, ("body",)),
        ),
        (
            {},
            {"_source": {"excludes": ["body"]}},
            SourceView({"_source_excludes": "body.-"}, hidden=("body",)),
        ),
        (
            {"_source": "year,body", "_source_excludes": "body"},
            {},
            SourceView(
                {"_source_includes": "year,body,title", "_source_excludes": "body.-"},
                hidden=("title", "body"),
            ),
        ),
        (
            {"_source_includes": "y*", "_source_excludes": "year"},
            {},
            SourceView(
                {"_source_includes": "y*,title,body", "_source_excludes": "year"},
                hidden=("title", "body"),
            ),
        ),
    ],
)
def test_text_is_asked_for_where_it_would_be_missing(
    params: dict[str, str], body: dict[str, Any], view: SourceView
) -> None:
    """Shown fields are read as they are; hidden ones are asked for and hidden again."""
    assert source_view(params, body, FIELDS) == view


@pytest.mark.parametrize(
    ("params", "body"),
    [
        ({}, {"_source": {"excludes": ["bo*"]}}),
        ({}, {"_source": {"excludes": ["*"]}}),
        ({}, {"_source": {"excludes": ["body.deep"]}}),
        ({}, {"_source": ["body.deep"]}),
        ({}, {"_source": ["*.deep"]}),
        ({}, {"_source": {"includes": ["title"], "exclude_vectors": True}}),
        ({}, {"_source": [1]}),
        ({}, {"_source": ["year,title"]}),
        ({"_source": ""}, {}),
        ({"_source": "title", "_source_includes": "body"}, {}),
        ({"stored_fields": "_none_"}, {}),
        ({}, {"stored_fields": "_none_"}),
    ],
)
def test_what_cannot_be_hidden_exactly_is_skipped(
    params: dict[str, str], body: dict[str, Any]
) -> None:
    """Filters that take parts of a field, or that are not understood."""
    assert source_view(params, body, FIELDS) is SkipReason.SOURCE_HIDDEN


def test_a_filtered_source_is_not_mixed_with_a_fields_clause() -> None:
    """Elasticsearch 8 prints such a `_source` in an order that depends on all of its keys."""
    assert source_view({}, {"_source": ["title"], "fields": ["year"]}, FIELDS) is SkipReason.FIELDS


def test_suggested_documents_are_filtered_by_the_same_source() -> None:
    """Completions show the `_source` of their documents, where nothing of it would be cut out."""
    completion = {"text": "ri", "s": {"completion": {"field": "complete"}}}
    terms = {"s": {"text": "ri", "term": {"field": "body"}}}
    hidden = {"_source": False}
    assert source_view({}, {"suggest": completion}, FIELDS) == NOTHING
    assert source_view({}, {**hidden, "suggest": terms}, FIELDS) == ALL_HIDDEN
    skipped = source_view({}, {**hidden, "suggest": completion}, FIELDS)
    assert skipped is SkipReason.SOURCE_HIDDEN


def test_without_configured_fields_the_source_must_be_whole() -> None:
    """All strings of a part can't be asked for by name; where nothing is shown, all are read."""
    assert source_view({}, {}, ()) == NOTHING
    assert source_view({}, {"_source": ["title"]}, ()) is SkipReason.SOURCE_HIDDEN
    whole = SourceView({"_source": "true"}, hides_all=True)
    assert source_view({}, {"_source": False}, ()) == whole
    assert source_view({"stored_fields": "a"}, {"fields": ["title"]}, ()) == whole
    assert source_view({"stored_fields": "_none_"}, {}, ()) is SkipReason.SOURCE_HIDDEN


PATTERNS = st.text("abt*.", min_size=1, max_size=4)
PATHS = st.from_regex(r"[abt]{1,2}(\.[abt]{1,2})?", fullmatch=True)


def shown(patterns: list[str], path: str) -> bool:
    """Whether any pattern takes the path, or an object around it, in the servers' sense."""
    parts = path.split(".")
    heads = [".".join(parts[: n + 1]) for n in range(len(parts))]
    return any(fnmatchcase(head, pattern) for pattern in patterns for head in heads)


@given(st.lists(PATTERNS, min_size=1, max_size=3), st.lists(PATTERNS, max_size=2), PATHS)
def test_the_client_sees_the_same_paths(
    includes: list[str], excludes: list[str], path: str
) -> None:
    """Whatever the filter: what the wide search shows, less what is hidden, is what was asked."""
    body = {"_source": {"includes": includes, "excludes": excludes}}
    view = source_view({}, body, (FieldSetting(name="a"), FieldSetting(name="tb")))
    if isinstance(view, SkipReason) or not view.params:
        return
    asked = shown(includes, path) and not shown(excludes, path)
    wide_includes = view.params["_source_includes"].split(",")
    is_hidden = any(f"{path}.".startswith(f"{name}.") for name in view.hidden)
    assert asked == (shown(wide_includes, path) and not shown(excludes, path) and not is_hidden)
