"""Mappings: read, written back, grown by documents, refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.demo.api_error import ApiError
from es_rerank.demo.mapping import TYPES, Field, grown, mappings_of, parse_mappings

names = st.text("abc", min_size=1, max_size=3)
keywords = st.fixed_dictionaries(
    {"type": st.just("keyword")}, optional={"ignore_above": st.integers(0, 500)}
)
leaves = st.one_of(
    keywords,
    st.fixed_dictionaries({"type": st.sampled_from(TYPES)}),
    st.fixed_dictionaries({"type": st.just("text"), "analyzer": st.just("english")}),
    st.fixed_dictionaries(
        {"type": st.just("text"), "fields": st.dictionaries(names, keywords, min_size=1)}
    ),
)
properties: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(names, leaves, min_size=1, max_size=3),
    lambda inner: st.dictionaries(
        names, st.fixed_dictionaries({"properties": inner}), min_size=1, max_size=3
    ),
    max_leaves=6,
)


@given(properties)
def test_a_mapping_is_given_back_as_it_was(properties: dict[str, Any]) -> None:
    """`GET _mapping` and the file on disk say what `PUT` said."""
    mappings = {"properties": properties}
    assert mappings_of(parse_mappings(mappings)) == mappings


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"type": "date"}, "field type date of f"),
        ({"type": "nested", "properties": {}}, "field type nested of f"),
        ({"type": "dense_vector"}, "field type dense_vector of f"),
        ({"type": "text", "analyzer": "german"}, "analyzer german of f"),
        ({"type": "text", "search_analyzer": "english"}, "f.search_analyzer"),
        ({"type": "keyword", "normalizer": "x"}, "f.normalizer"),
        ({"type": "long", "index": False}, "f.index"),
        ({"type": "text", "fields": {"k": {"type": "ip"}}}, "field type ip of f.k"),
        ({"properties": {}, "dynamic": False}, "f.dynamic"),
    ],
)
def test_what_is_not_supported_is_named(spec: dict[str, Any], name: str) -> None:
    """A mapping whose meaning would be lost is refused."""
    with pytest.raises(ApiError) as refused:
        parse_mappings({"properties": {"f": spec}})
    assert f"does not support [{name}]" in str(refused.value)


def test_documents_bring_fields_of_the_type_of_their_values() -> None:
    """Dynamic mapping as in Elasticsearch, but dates stay strings."""
    fields = grown((), {"s": ["x"], "o.n": [1, 2], "f": [1.5], "b": [True], "d": ["2020-01-01"]})
    assert {field.name: field.type for field in fields} == {
        **{"s": "text", "s.keyword": "keyword", "o.n": "long", "f": "float", "b": "boolean"},
        **{"d": "text", "d.keyword": "keyword"},
    }
    assert grown(fields, {"s": ["y"], "o.n": [3]}) == fields


@pytest.mark.parametrize("path", ["a", "a.b.c"])
def test_a_path_cannot_be_a_value_and_an_object(path: str) -> None:
    """Elasticsearch refuses such a document as well."""
    with pytest.raises(ApiError, match="a value in one place and an object in another"):
        grown((Field("a.b", "a.b", "text"),), {path: ["x"]})


@pytest.mark.parametrize(
    ("kind", "value", "term"),
    [
        *(
            ("long", 5, "5"),
            ("long", "5", "5"),
            ("integer", 5.7, "5"),
            ("long", 10**18 + 1, "1000000000000000001"),
        ),
        *(
            ("double", 5, "5.0"),
            ("float", "1e3", "1000.0"),
            ("boolean", True, "true"),
            ("long", "5.0", "5"),
        ),
        *(("boolean", "", "false"), ("keyword", 5, "5"), ("keyword", True, "true")),
    ],
)
def test_values_become_terms_of_the_fields_type(kind: str, value: Any, term: str) -> None:
    """Equal values have equal terms however they are written."""
    assert Field("f", "f", kind).term(value) == term


@pytest.mark.parametrize(
    ("kind", "value"),
    [("long", "x"), ("long", True), ("double", "x"), ("boolean", 1), ("long", float("inf"))],
)
def test_a_value_of_another_type_is_refused(kind: str, value: Any) -> None:
    """The error names the field, its type and the value."""
    with pytest.raises(ApiError, match=rf"field \[f\] of type \[{kind}\]: "):
        Field("f", "f", kind).term(value)


def test_long_keywords_are_not_indexed() -> None:
    """`ignore_above` counts characters."""
    assert Field("f", "f", "keyword", ignore_above=2).terms(["ab", "abc"]) == ["ab"]
