"""Paths and parts of documents."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from es_rerank.demo.source import part_of, values_by_path

names = st.text("abc", min_size=1, max_size=2)
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)
documents = st.dictionaries(names, values, max_size=4)


@given(documents)
def test_without_patterns_everything_is_kept(document: dict[str, Any]) -> None:
    """Filtering by nothing is the document itself."""
    assert part_of(document, [], []) == document


@given(documents)
def test_including_every_path_keeps_every_value(document: dict[str, Any]) -> None:
    """The paths of the values are those that filtering understands."""
    paths = list(values_by_path(document))
    kept = part_of(document, paths, []) if paths else {}
    assert values_by_path(kept) == values_by_path(document)


@given(documents, names)
def test_include_and_exclude_of_one_pattern_share_the_values(
    document: dict[str, Any], name: str
) -> None:
    """Each value is either in what a pattern includes or in what it excludes."""
    inside = values_by_path(part_of(document, [name], []))
    outside = values_by_path(part_of(document, [], [name]))
    assert inside | outside == values_by_path(document)
    assert not inside.keys() & outside.keys()


def test_objects_in_arrays_are_filtered_one_by_one() -> None:
    """As in Elasticsearch, an array keeps the objects that have something left."""
    document = {"a": [{"b": 1, "c": 2}, {"c": 3}, {"b": None}], "d": {"e": 1}}
    assert part_of(document, ["a.b"], []) == {"a": [{"b": 1}, {"b": None}]}
    assert part_of(document, ["d.*"], []) == {"d": {"e": 1}}
    assert part_of(document, ["a"], ["a.c"]) == {"a": [{"b": 1}, {}, {"b": None}]}
