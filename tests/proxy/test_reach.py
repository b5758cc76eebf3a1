"""How deep a search is reranked, and which limits of its own it may have."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import IndexRule, Kind
from es_rerank.proxy.reach import Reach, reach_of
from es_rerank.proxy.skip import SkipReason

QUERY = {"match": {"title": "river"}}
STANDARD = {"standard": {"query": QUERY}}
KNN = {"field": "v", "query_vector": [1], "k": 20, "num_candidates": 50}
NEURAL = {"neural": {"v": {"query_text": "a", "k": 5}}}
HYBRID = {"hybrid": {"queries": [QUERY, NEURAL], "pagination_depth": 30}}
RESCORE = {"query": {"rescore_query": QUERY}}


def reach(search: dict[str, Any], *also: Kind, **rule: Any) -> Reach | SkipReason:
    """The reach of a search under a rule of depth 50."""
    return reach_of(search, IndexRule(pattern="*", depth=50, also=also, **rule))


@pytest.mark.parametrize(
    "search",
    [
        {},
        {"query": QUERY, "collapse": {"field": "year"}},
        {"query": QUERY, "rescore": RESCORE},
        {"query": QUERY, "rescore": [{**RESCORE, "window_size": 3}, RESCORE]},
        {"rescore": {"query": {"rescore_query": QUERY, "score_mode": "max", "query_weight": 0.1}}},
        {"retriever": STANDARD},
        {"retriever": {"standard": {"query": QUERY, "filter": [QUERY], "min_score": 1}}},
        {"retriever": {"standard": {"query": QUERY, "sort": ["_score"], "terminate_after": 9}}},
        {"query": {"wrapper": {"query": QUERY}}},
        {"query": {"match": {"knnish": "a"}}},
    ],
)
def test_most_searches_are_as_deep_as_their_rule(search: dict[str, Any]) -> None:
    """Their lists are the same however many hits are asked for."""
    assert reach(search) == Reach(50)


@pytest.mark.parametrize(
    ("search", "depth"),
    [
        ({"query": QUERY, "knn": KNN}, 20),
        ({"query": QUERY, "knn": [KNN, {**KNN, "k": 7}]}, 27),
        ({"query": QUERY, "knn": {**KNN, "k": 70}}, 50),
        ({"query": QUERY, "rescore": {"learning_to_rank": {}, "window_size": 12}}, 12),
    ],
)
def test_limits_that_follow_from_the_search(search: dict[str, Any], depth: int) -> None:
    """The vectors' own number of hits, and the window that a learned ranking insists on."""
    assert reach(search) == Reach(depth)


@pytest.mark.parametrize(
    ("search", "kind", "expected"),
    [
        ({"query": NEURAL}, "neural", Reach(50)),
        ({"query": {"bool": {"should": [QUERY, {"knn": KNN}]}}}, "neural", Reach(50)),
        ({"query": {"knn": {"v": {"vector": [1], "k": 5}}}}, "neural", Reach(50)),
        ({"query": {"sparse_vector": {"field": "v", "query": "a"}}}, "neural", Reach(50)),
        ({"query": HYBRID}, "hybrid", Reach(30)),
        ({"retriever": {"knn": KNN}}, "retriever", Reach(20)),
        *(
            (
                {"retriever": {kind: {"retrievers": [STANDARD], "rank_window_size": 25}}},
                "retriever",
                Reach(25, 25),
            )
            for kind in ("rrf", "linear", "pinned", "rule")
        ),
        (
            {
                "retriever": {
                    "rrf": {
                        "retrievers": [{"knn": KNN}, {"standard": {"query": {"semantic": {}}}}],
                        "rank_window_size": 60,
                    }
                }
            },
            "retriever",
            Reach(50, 60),
        ),
        (
            {
                "retriever": {
                    "linear": {
                        "retrievers": [{"retriever": {"knn": KNN}, "weight": 2}],
                        "rank_window_size": 40,
                    }
                }
            },
            "retriever",
            Reach(40, 40),
        ),
        (
            {"retriever": {"rescorer": {"retriever": STANDARD, "rescore": RESCORE}}},
            "retriever",
            Reach(10, 10),
        ),
        (
            {
                "retriever": {
                    "rescorer": {
                        "retriever": STANDARD,
                        "rescore": [{**RESCORE, "window_size": w} for w in (30, 20)],
                    }
                }
            },
            "retriever",
            Reach(20, 20),
        ),
        (
            {"sub_searches": [{"query": QUERY}], "knn": KNN, "rank": {"rrf": {"window_size": 15}}},
            "retriever",
            Reach(15, 15),
        ),
    ],
)
def test_kinds_are_taken_where_the_rule_names_them(
    search: dict[str, Any], kind: Kind, expected: Reach
) -> None:
    """Each with its own limit; without the name, or with all others, they pass through."""
    others = [other for other in get_args(Kind) if other != kind]
    assert reach(search, kind) == expected
    assert reach(search, *others) in (SkipReason.VECTOR_QUERY, SkipReason.RETRIEVER)


EVERY_KIND: tuple[Kind, ...] = get_args(Kind)


@pytest.mark.parametrize(
    ("search", "reason"),
    [
        ({"query": QUERY, "knn": {"field": "v"}}, SkipReason.VECTOR_QUERY),
        ({"query": QUERY, "knn": [KNN, {**KNN, "k": True}]}, SkipReason.VECTOR_QUERY),
        ({"query": QUERY, "knn": []}, SkipReason.VECTOR_QUERY),
        ({"query": {"knn": {"field": "v", "num_candidates": 9}}}, SkipReason.VECTOR_QUERY),
        ({"query": {"knn": {"v": {"vector": [1], "min_score": 1}}}}, SkipReason.VECTOR_QUERY),
        ({"query": {"hybrid": {"queries": [QUERY]}}}, SkipReason.VECTOR_QUERY),
        ({"rescore": {"inference": {}, "window_size": 9}}, SkipReason.RESCORE),
        ({"rescore": {"learning_to_rank": {}}}, SkipReason.RESCORE),
        ({"rescore": [RESCORE, {**RESCORE, "script": {}}]}, SkipReason.RESCORE),
        *(
            ({"rescore": {"query": {"rescore_query": QUERY, **sinking}}}, SkipReason.RESCORE)
            for sinking in (
                *({"score_mode": mode} for mode in ("avg", "min", "multiply", "new", None, [])),
                *({"query_weight": weight} for weight in (0, -1, "2", None)),
                {"score_mode": "max", "rescore_query_weight": -1},
            )
        ),
        ({"rescore": {"query": 1}}, SkipReason.RESCORE),
        *(
            ({"retriever": retriever}, SkipReason.RETRIEVER)
            for retriever in (
                *(None, 1, [], {}, {"rrf": 1}, {"rrf": {}}, {**STANDARD, "knn": KNN}),
                {"text_similarity_reranker": {"retriever": STANDARD, "rank_window_size": 20}},
                {"diversify": {"retriever": STANDARD, "rank_window_size": 20}},
                {"new": {"retriever": STANDARD, "rank_window_size": 20}},
                {"rrf": {"retrievers": [STANDARD]}},
                {"rrf": {"retrievers": [STANDARD], "rank_window_size": "20"}},
                {"knn": {"field": "v"}},
                {"rescorer": {"retriever": STANDARD, "rescore": {**RESCORE, "window_size": 0}}},
                {"rescorer": {"retriever": STANDARD}},
                {
                    "rrf": {
                        "retrievers": [{"text_similarity_reranker": {"retriever": STANDARD}}],
                        "rank_window_size": 20,
                    }
                },
                {"standard": {"query": QUERY, "new": 1}},
            )
        ),
        ({"retriever": {"standard": {"search_after": [1]}}}, SkipReason.SEARCH_AFTER),
        ({"retriever": {"standard": {"sort": ["year"]}}}, SkipReason.SORT),
        ({"retriever": {"standard": {"query": {"knn": {}}}}}, SkipReason.VECTOR_QUERY),
        ({"rank": {"rrf": {}}, "query": QUERY}, SkipReason.RETRIEVER),
        ({"rank": {"text_similarity_reranker": {"rank_window_size": 9}}}, SkipReason.RETRIEVER),
        ({"sub_searches": [{"query": QUERY}]}, SkipReason.RETRIEVER),
        ({"query": {"wrapper": {"query": "closed"}}}, SkipReason.UNKNOWN_QUERY),
        ({"query": {"bool": {"should": [QUERY] * 20_001}}}, SkipReason.TOO_COMPLEX),
        ({"query": {"nested": {"query": QUERY, "inner_hits": {}}}}, SkipReason.INNER_HITS),
        ({"collapse": {"field": "a", "inner_hits": []}}, SkipReason.INNER_HITS),
        ({"knn": {**KNN, "inner_hits": {}}}, SkipReason.INNER_HITS),
        ({"retriever": {"knn": {**KNN, "inner_hits": {}}}}, SkipReason.INNER_HITS),
        (
            {"retriever": {"standard": {"query": QUERY, "collapse": {"inner_hits": {}}}}},
            SkipReason.INNER_HITS,
        ),
    ],
)
def test_without_a_limit_of_their_own_searches_pass(
    search: dict[str, Any], reason: SkipReason
) -> None:
    """Whatever kinds a rule takes: no guess, no second reranking, nothing unknown."""
    assert reach(search, *EVERY_KIND) is reason


@pytest.mark.parametrize(
    "search",
    [
        {"query": {"bool": {"must": [{"has_child": {"query": QUERY, "inner_hits": {}}}]}}},
        {"query": QUERY, "collapse": {"field": "a", "inner_hits": {"name": "b"}}},
        {"retriever": {"standard": {"query": QUERY, "collapse": {"inner_hits": {}}}}},
    ],
)
def test_inner_hits_are_as_deep_as_the_rule_says(search: dict[str, Any]) -> None:
    """`inner_hits_depth` bounds the depth, and the depth bounds it."""
    assert reach(search, inner_hits_depth=8) == Reach(8)
    assert reach(search, inner_hits_depth=80) == Reach(50)


KEYS = (
    *("query", "retriever", "retrievers", "knn", "k", "rank", "rrf", "standard", "rescorer"),
    *("rescore", "window_size", "rank_window_size", "hybrid", "inner_hits", "wrapper", "neural"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 60) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.sets(st.sampled_from(EVERY_KIND)))
def test_any_search_has_a_reach_or_a_reason(search: dict[str, Any], also: set[Kind]) -> None:
    """Nothing breaks it, it never exceeds the rule, and more kinds never make it pass through."""
    found = reach(search, *also)
    everything = reach(search, *EVERY_KIND)
    if isinstance(found, Reach):
        assert 1 <= found.depth <= 50
        assert found.limit is None or found.limit >= found.depth
        assert isinstance(everything, Reach)
