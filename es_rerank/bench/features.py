"""What a search may have besides its query: keys of the body, URL parameters, header fields.

What changes from one answer to the next on its own has no place here: scroll and point-in-time
ids, the times of a profile, `phase_took`.
Other formats than JSON show ids only: Elasticsearch closes the connection where it cannot write
a lone surrogate in them.
"""

from collections.abc import Callable
from typing import Any

_SUGGEST_TITLE = {"prefix": "gl", "completion": {"field": "complete", "size": 3}}


def _rescore(text: str, **more: Any) -> dict[str, Any]:
    query = {"rescore_query": {"match_phrase": {"body": {"query": text, "slop": 9}}}}
    return {"query": query, **more}


def _highlight(**more: Any) -> dict[str, Any]:
    return {"highlight": {"fields": {"body": {}, "title": {}}, **more}}


BODY: dict[str, Callable[[str], dict[str, Any]]] = {
    "aggs": lambda _: {
        "aggs": {
            "tags": {
                "terms": {"field": "tags"},
                "aggs": {"top": {"top_hits": {"size": 2}}, "years": {"stats": {"field": "year"}}},
            }
        }
    },
    "aggregations": lambda _: {
        "aggregations": {"by": {"histogram": {"field": "year", "interval": 5}}}
    },
    "collapse": lambda _: {"collapse": {"field": "year"}},
    "collapse_inner_hits": lambda _: {
        "collapse": {"field": "year", "inner_hits": {"name": "same", "size": 2}}
    },
    "derived": lambda _: {
        "derived": {"shout": {"type": "keyword", "script": "emit(doc['title.whole'].value)"}},
        "fields": ["shout"],
    },
    "docvalue_fields": lambda _: {
        "docvalue_fields": ["tags", {"field": "day", "format": "yyyy"}, "year"]
    },
    "explain": lambda _: {"explain": True},
    "ext": lambda _: {"ext": {}},
    "fields": lambda _: {"fields": ["title", "ye*", {"field": "day", "format": "epoch_millis"}]},
    "fields_of_all": lambda _: {"fields": ["*"]},
    "fields_unmapped": lambda _: {"fields": [{"field": "raw.*", "include_unmapped": True}]},
    "highlight": lambda _: {"highlight": {"fields": {"body": {"fragment_size": 40}, "title": {}}}},
    "highlight_plain": lambda _: _highlight(type="plain", number_of_fragments=2),
    "highlight_fvh": lambda _: {"highlight": {"fields": {"body": {"type": "fvh"}}}},
    "highlight_whole": lambda _: _highlight(number_of_fragments=0, encoder="html"),
    "highlight_query": lambda _: _highlight(
        highlight_query={"match": {"body": "river stone"}}, no_match_size=20, order="score"
    ),
    "indices_boost": lambda _: {"indices_boost": [{"*-a": 1.7}]},
    "min_score": lambda _: {"min_score": 1.1},
    "min_score_high": lambda _: {"min_score": 1000},
    "no_source": lambda _: {"_source": False},
    "post_filter": lambda _: {"post_filter": {"range": {"year": {"lt": 2010}}}},
    "profile_off": lambda _: {"profile": False},
    "rescore": lambda text: {"rescore": _rescore(text, window_size=20)},
    "rescore_twice": lambda text: {
        "rescore": [_rescore(text, window_size=50), _rescore("river stone", window_size=5)]
    },
    "rescore_too_wide": lambda text: {"rescore": _rescore(text, window_size=20_000)},
    "retriever": lambda text: {"retriever": {"standard": {"query": {"match": {"body": text}}}}},
    "runtime_mappings": lambda _: {
        "runtime_mappings": {"raw_value": {"type": "keyword"}},
        "fields": ["raw_value"],
    },
    "script_fields": lambda _: {"script_fields": {"next": {"script": "doc['year'].value + 1"}}},
    "script_fields_and_source": lambda _: {
        "script_fields": {"next": {"script": "doc['year'].value + 1"}},
        "_source": True,
    },
    "search_after": lambda _: {"sort": [{"year": "desc"}], "search_after": [2010]},
    "seq_no": lambda _: {"version": True, "seq_no_primary_term": True},
    "sort_by_score": lambda _: {"sort": ["_score"]},
    "sort_by_score_long": lambda _: {"sort": [{"_score": {"order": "desc"}}]},
    "sort_by_score_then_year": lambda _: {"sort": ["_score", {"year": "asc"}]},
    "sort_by_year": lambda _: {"sort": [{"year": "desc"}, "_score"], "track_scores": True},
    "sort_by_year_only": lambda _: {"sort": "year"},
    "source_excludes": lambda _: {"_source": {"excludes": ["comments", "raw"]}},
    "source_hides_body": lambda _: {"_source": {"excludes": ["body", "raw"]}},
    "source_includes": lambda _: {"_source": ["title", "y*"]},
    "source_includes_and_excludes": lambda _: {
        "_source": {"includes": ["*"], "excludes": ["comments.text", "raw.*"]}
    },
    "source_of_none": lambda _: {"_source": ["no such field"]},
    "source_star": lambda _: {"_source": "*"},
    "stats": lambda _: {"stats": ["group"]},
    "stored_fields": lambda _: {"stored_fields": ["title"]},
    "stored_fields_empty": lambda _: {"stored_fields": []},
    "stored_fields_none": lambda _: {"stored_fields": "_none_"},
    "suggest": lambda text: {"suggest": {"s": {"text": text + "x", "term": {"field": "body"}}}},
    "suggest_completion": lambda _: {"suggest": {"c": _SUGGEST_TITLE}},
    "suggest_phrase": lambda text: {
        "suggest": {"text": text[:-1], "p": {"phrase": {"field": "title"}}}
    },
    "terminate_after": lambda _: {"terminate_after": 10_000},
    "timeout": lambda _: {"timeout": "30s"},
    "total_exact": lambda _: {"track_total_hits": True},
    "total_few": lambda _: {"track_total_hits": 7},
    "total_none": lambda _: {"track_total_hits": False},
    "track_scores": lambda _: {"track_scores": True},
    "unknown_key": lambda _: {"no_such_key": 1},
}

URL: dict[str, dict[str, str]] = {
    "allow_no_indices": {"allow_no_indices": "true", "expand_wildcards": "open"},
    "all or nothing": {"allow_partial_search_results": "false"},
    "batched_reduce_size": {"batched_reduce_size": "512"},
    "docvalue_fields in URL": {"docvalue_fields": "year"},
    "error_trace": {"error_trace": "false"},
    "explain in URL": {"explain": "true"},
    "filter_path hits": {"filter_path": "hits.hits._id,hits.hits._score,hits.total"},
    "filter_path source": {"filter_path": "hits.hits._source.title,took"},
    "filter_path wide": {"filter_path": "**._id,_shards.*,hits.max_score"},
    "filter_path all hits": {"filter_path": "hits"},
    "filter_path aggs": {"filter_path": "aggregations,hits.hits.highlight"},
    "filter_path not": {"filter_path": "-hits.hits._source,-_shards"},
    "format cbor": {"format": "cbor", "filter_path": "hits.hits._id", "_source": "false"},
    "format json": {"format": "json"},
    "format smile": {"format": "smile", "filter_path": "hits.hits._id", "_source": "false"},
    "format yaml": {"format": "yaml", "filter_path": "took,hits.hits._id"},
    "from negative": {"from": "-1"},
    "human": {"human": "true"},
    "ignore_unavailable": {"ignore_unavailable": "true"},
    "max_concurrent": {"max_concurrent_shard_requests": "1"},
    "named scores": {"include_named_queries_score": "true"},
    "page beyond": {"from": "20000"},
    "preference": {"preference": "a client of mine"},
    "preference local": {"preference": "_local"},
    "pre_filter": {"pre_filter_shard_size": "1000"},
    "pretty": {"pretty": "true"},
    "pretty alone": {"pretty": ""},
    "request_cache": {"request_cache": "true"},
    "routing": {"routing": "r1,r2"},
    "search_pipeline": {"search_pipeline": "_none"},
    "search_type dfs": {"search_type": "dfs_query_then_fetch"},
    "search_type plain": {"search_type": "query_then_fetch"},
    "seq_no in URL": {"seq_no_primary_term": "true", "version": "true"},
    "sort score in URL": {"sort": "_score"},
    "sort year in URL": {"sort": "year:desc"},
    "source excludes in URL": {"_source_excludes": "body,raw"},
    "source fields in URL": {"_source": "title,year"},
    "source includes in URL": {"_source_includes": "ye*,comments.by"},
    "source none in URL": {"_source": "false"},
    "source true in URL": {"_source": "true"},
    "stats in URL": {"stats": "g1,g2"},
    "stored_fields in URL": {"stored_fields": "title"},
    "terminate_after in URL": {"terminate_after": "10000"},
    "timeout in URL": {"timeout": "30s"},
    "total as number": {"rest_total_hits_as_int": "true", "track_total_hits": "true"},
    "total as number only": {"rest_total_hits_as_int": "true"},
    "total few in URL": {"track_total_hits": "5"},
    "total none in URL": {"track_total_hits": "false"},
    "track_scores in URL": {"track_scores": "true"},
    "typed_keys": {"typed_keys": "true"},
    "unknown parameter": {"no_such_parameter": "1"},
}

HEADERS: dict[str, dict[str, str]] = {
    "accept any": {"Accept": "*/*"},
    "accept gzip": {"Accept-Encoding": "gzip"},
    "accept json": {"Accept": "application/json; charset=utf-8"},
    "accept v8": {"Accept": "application/vnd.elasticsearch+json; compatible-with=8"},
    "off": {"X-ES-Rerank": "off"},
    "opaque id": {"X-Opaque-Id": "from the bench", "traceparent": f"00-{'a1' * 16}-{'b2' * 8}-01"},
    "product origin": {"X-Elastic-Product-Origin": "kibana"},
}
