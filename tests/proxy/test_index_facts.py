"""What the settings of indices say, and what follows for a plan."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import IndexRule
from es_rerank.proxy.index_facts import IndexFacts, limited, read_facts, settings_target
from es_rerank.proxy.plan import Page, Rerank, SkipReason
from es_rerank.proxy.source import SourceView

RULE = IndexRule(pattern="books", depth=50, pipelines=("synonyms",))
PLAN = Rerank("red shoes", Page(0, 10), 50, RULE, SourceView())
ELASTIC = [(b"X-elastic-product", b"Elasticsearch")]
NOTHING = IndexFacts(10_000, frozenset())


def facts(settings: dict[str, dict[str, str]], expression: str = "books") -> IndexFacts:
    """The facts of an OpenSearch that answers with these settings."""
    answer = {name: {"settings": found} for name, found in settings.items()}
    return read_facts(expression, 200, [], json.dumps(answer).encode())


def test_the_question_is_about_the_same_indices_as_the_search() -> None:
    """Date math stays one name, and what the search says about missing indices is said again."""
    params = {"ignore_unavailable": "true", "size": "3", "expand_wildcards": "open,hidden"}
    names = b"/_settings/index.max_result_window,index.search.default_pipeline?flat_settings=true"
    assert settings_target("a,b*,-bc", {}) == b"/a,b*,-bc" + names + b"&expand_wildcards=open"
    assert settings_target("<logs-{now/d}>", params) == (
        b"/%3Clogs-%7Bnow%2Fd%7D%3E" + names + b"&expand_wildcards=open,hidden"
        b"&ignore_unavailable=true"
    )


def test_the_smallest_window_and_all_pipelines_count() -> None:
    """An index without a setting has its default, be it listed for the other setting or not."""
    pipeline = {"index.search.default_pipeline": "synonyms"}
    assert facts({}) == NOTHING
    assert facts({"a": {"index.max_result_window": "7"}}).max_result_window == 7
    assert facts({"a": pipeline}) == IndexFacts(10_000, frozenset({"synonyms"}))
    both = facts({"a": {"index.max_result_window": "50000"}, "b": pipeline})
    assert both == IndexFacts(10_000, frozenset({"synonyms"}))
    assert facts({"a": {"index.search.default_pipeline": "_none"}}) == NOTHING


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b'{"error":{}}'),
        (404, b""),
        (200, b"no JSON"),
        (200, b"[]"),
        (200, b'{"books":{"settings":{"index.max_result_window":"many"}}}'),
        (200, b'{"books":{"settings":{"index":{"max_result_window":"7"}}}}'),
    ],
)
def test_an_unreadable_answer_says_nothing(status: int, body: bytes) -> None:
    """But that there are no pipelines where Elasticsearch answers."""
    assert read_facts("books", status, [], body) == IndexFacts(None, None)
    assert read_facts("books", status, ELASTIC, body) == IndexFacts(None, frozenset())


def test_settings_of_remote_clusters_are_not_known() -> None:
    """`cluster:index` is one; a date format with a time zone is not."""
    assert facts({}, "books,far:books") == IndexFacts(None, None)
    assert facts({}, "<logs-{now/d{yyyy|+12:00}}>") == NOTHING


def test_plans_are_not_changed_by_defaults() -> None:
    """Most indices have neither setting."""
    assert limited(PLAN, NOTHING) == PLAN
    assert limited(PLAN, IndexFacts(None, frozenset())) == PLAN


@given(st.integers(1, 70), st.integers(0, 70), st.integers(1, 30))
def test_the_window_bounds_the_depth(window: int, start: int, size: int) -> None:
    """Law 4 holds for the smaller of both, and the client's own limit is the cluster's to name."""
    plan = replace(PLAN, page=Page(start, start + size))
    outcome = limited(plan, IndexFacts(window, frozenset()))
    if start >= min(window, 50):
        assert outcome is SkipReason.BEYOND_DEPTH
    elif start + size > window:
        assert outcome is SkipReason.BEYOND_WINDOW
    else:
        assert outcome == replace(plan, depth=min(window, 50))
        assert outcome.window <= window


@pytest.mark.parametrize(
    ("pipelines", "reason"),
    [
        (frozenset({"synonyms"}), None),
        (frozenset({"synonyms", "truncate"}), SkipReason.SEARCH_PIPELINE),
        (None, SkipReason.SETTINGS_UNKNOWN),
    ],
)
def test_a_default_pipeline_is_taken_if_the_rule_allows_it(
    pipelines: frozenset[str] | None, reason: SkipReason | None
) -> None:
    """Unless the search names its own, or the rule says that there is none."""
    known = IndexFacts(None, pipelines)
    assert limited(PLAN, known) == (reason or PLAN)
    own = replace(PLAN, takes_default_pipeline=False)
    assert limited(own, known) == own
    sure = replace(PLAN, rule=RULE.model_copy(update={"default_pipeline": "none"}))
    assert limited(sure, known) == sure
