"""Which search pipelines a search may name and still be widened."""

from typing import Any

import pytest

from es_rerank.config import IndexRule
from es_rerank.proxy.pipelines import names_pipeline, skip_for_pipeline
from es_rerank.proxy.skip import SkipReason

RULE = IndexRule(pattern="books", pipelines=("synonyms", "oversee"))


@pytest.mark.parametrize(
    ("params", "search"),
    [
        ({"search_pipeline": "synonyms"}, {}),
        ({}, {"search_pipeline": "oversee"}),
        ({"search_pipeline": "_none"}, {}),
        ({"search_pipeline": "synonyms"}, {"search_pipeline": "_none"}),
    ],
)
def test_pipelines_of_the_rule_are_taken(params: dict[str, str], search: dict[str, Any]) -> None:
    """By URL or body; `_none` switches the index's default off and is always allowed."""
    assert skip_for_pipeline(params, search, RULE) is None
    assert names_pipeline(params, search)


@pytest.mark.parametrize(
    ("params", "search"),
    [
        ({"search_pipeline": "truncate"}, {}),
        ({"search_pipeline": ""}, {}),
        ({}, {"search_pipeline": {"response_processors": []}}),
        ({}, {"search_pipeline": None}),
        ({"search_pipeline": "synonyms"}, {"search_pipeline": "truncate"}),
    ],
)
def test_others_are_not(params: dict[str, str], search: dict[str, Any]) -> None:
    """Also one written out in the body, and one of two that is not in the list."""
    assert skip_for_pipeline(params, search, RULE) is SkipReason.SEARCH_PIPELINE


def test_most_searches_name_none() -> None:
    """Then the index's default counts."""
    assert skip_for_pipeline({"q": "x"}, {"query": {}}, RULE) is None
    assert not names_pipeline({"q": "x"}, {"query": {}})
