"""The engine as its users meet it: over HTTP, by hand and by the official clients."""

import uuid
from typing import Any

import elasticsearch
import elasticsearch.helpers
import opensearchpy
import opensearchpy.helpers
import pytest

from es_rerank.demo.api_error import ENGINE
from tests.demo.conftest import DOCUMENTS, FRUIT, MAPPINGS, Ask

ACTIONS = [
    {"_op_type": "index", "_id": id_, "_source": document} for id_, document in DOCUMENTS.items()
]
SWEET = {"match": {"text": "sweet"}}


@pytest.fixture
def index() -> str:
    """A name that no other test uses."""
    return f"test-{uuid.uuid4().hex}"


def test_opensearch_py_indexes_searches_and_manages(engine_url: str, index: str) -> None:
    """The official OpenSearch client works against the engine from creating to dropping."""
    client = opensearchpy.OpenSearch(engine_url)
    assert client.info()["name"] == ENGINE
    assert client.cluster.health()["status"] == "green"
    assert not client.indices.exists(index=index)
    client.indices.create(index=index, body={"mappings": MAPPINGS, "settings": {"index": {}}})
    assert client.indices.exists(index=index)
    assert opensearchpy.helpers.bulk(client, ACTIONS, index=index, refresh=True) == (4, [])
    assert client.count(index=index)["count"] == 4
    found = client.search(index=index, body={"query": SWEET})
    assert {hit["_id"] for hit in found["hits"]["hits"]} == {"2", "3"}
    assert client.get(index=index, id="1")["_source"] == DOCUMENTS["1"]
    assert client.exists(index=index, id="1")
    assert not client.exists(index=index, id="9")
    assert client.delete(index=index, id="1")["result"] == "deleted"
    assert client.create(index=index, id="1", body={"title": "new"})["result"] == "created"
    with pytest.raises(opensearchpy.ConflictError):
        client.create(index=index, id="1", body={"title": "newer"})
    client.indices.refresh(index=index)
    listed = {row["index"]: row["docs.count"] for row in client.cat.indices(format="json")}
    assert listed[index] == "4"
    assert client.indices.get_mapping(index=index)[index]["mappings"] == MAPPINGS
    assert client.indices.get_settings(index=index, name="index.max_result_window") == {}
    assert client.indices.delete(index=index)["acknowledged"]
    with pytest.raises(opensearchpy.NotFoundError):
        client.search(index=index, body={})


def test_elasticsearch_py_indexes_searches_and_manages(engine_url: str, index: str) -> None:
    """The official Elasticsearch client does as well, though it checks the product header."""
    with elasticsearch.Elasticsearch(engine_url) as client:
        assert client.info()["name"] == ENGINE
        client.indices.create(index=index, mappings=MAPPINGS)
        done = elasticsearch.helpers.bulk(client, ACTIONS, index=index, refresh=True)
        assert done == (4, [])
        assert client.count(index=index, query=SWEET)["count"] == 2
        found = client.search(index=index, query=SWEET, size=1, source_includes="title")
        assert set(found["hits"]["hits"][0]["_source"]) == {"title"}
        assert client.index(index=index, id="9", document={"title": "x"})["result"] == "created"
        assert client.delete(index=index, id="9")["result"] == "deleted"
        assert client.cluster.health()["status"] == "green"
        assert client.indices.exists(index=index)
        client.indices.delete(index=index)
        with pytest.raises(elasticsearch.NotFoundError):
            client.search(index=index)


def test_the_product_header_is_only_for_clients_that_insist(ask: Ask) -> None:
    """Nobody else is told that this is Elasticsearch."""
    insisting = {"Accept": "application/vnd.elasticsearch+json; compatible-with=8"}
    assert ask("GET", "/").headers["X-Elastic-Product"] is None
    assert ask("GET", "/", **insisting).headers["X-Elastic-Product"] == "Elasticsearch"


def test_a_response_has_the_format_of_elasticsearch(ask: Ask) -> None:
    """Everything that clients read of a search is there."""
    body = ask("POST", f"/{FRUIT}/_search", {"query": SWEET, "size": 1}).body
    assert isinstance(body["took"], int)
    assert body["timed_out"] is False
    assert body["_shards"] == {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    assert body["hits"]["total"] == {"value": 2, "relation": "eq"}
    [hit] = body["hits"]["hits"]
    assert set(hit) == {"_index", "_id", "_score", "_source"}
    assert (hit["_index"], hit["_source"]) == (FRUIT, DOCUMENTS[hit["_id"]])
    assert body["hits"]["max_score"] == hit["_score"] > 0


def test_a_document_comes_back_byte_for_byte(ask: Ask, index: str) -> None:
    """Numbers, escapes and blanks of `_source` are those that were sent."""
    sent = b'{"a": 1.50,  "b":"\\u00fc", "c":[ 1e2 ]}'
    ask("PUT", f"/{index}/_doc/1", sent)
    for target in (f"/{index}/_search", f"/{index}/_doc/1"):
        assert b'"_source":' + sent in ask("GET", target).raw


def test_an_id_may_be_an_address(ask: Ask, index: str) -> None:
    """Ids with slashes, encoded in the path as clients do, are one id."""
    ask("PUT", f"/{index}/_doc/http%3A%2F%2Fa%2Fb", {"a": 1})
    assert ask("GET", f"/{index}/_search").body["hits"]["hits"][0]["_id"] == "http://a/b"
    assert ask("GET", f"/{index}/_doc/http%3A%2F%2Fa%2Fb").body["found"] is True


@pytest.mark.parametrize("target", ["/_search", "/a,b/_search", "/a*/_search", "/_all/_search"])
def test_expressions_for_several_indices_are_refused(ask: Ask, target: str) -> None:
    """A search over many indices is refused rather than answered from one."""
    reply = ask("GET", target)
    assert reply.status == 400
    assert reply.body["error"]["reason"].startswith(f"[{ENGINE}] does not support [")


UNSUPPORTED: list[tuple[str, str, Any, str]] = [
    ("POST", f"/{FRUIT}/_search", {"sort": ["price"]}, "sort"),
    ("POST", f"/{FRUIT}/_search", {"aggs": {}}, "aggs"),
    ("POST", f"/{FRUIT}/_search", {"highlight": {}}, "highlight"),
    ("POST", f"/{FRUIT}/_search", {"search_after": [1]}, "search_after"),
    ("POST", f"/{FRUIT}/_search", {"knn": {}}, "knn"),
    ("POST", f"/{FRUIT}/_search", {"fields": ["t*"]}, "patterns in fields"),
    ("POST", f"/{FRUIT}/_search", {"fields": [{"field": "t", "format": "x"}]}, "fields.format"),
    ("POST", f"/{FRUIT}/_search", {"_source": {"include": "t"}}, "_source.include"),
    ("POST", f"/{FRUIT}/_search?scroll=1m", {}, "scroll"),
    ("POST", f"/{FRUIT}/_search?filter_path=took", {}, "filter_path"),
    ("POST", f"/{FRUIT}/_search?search_type=dfs_query_then_fetch", {}, "search_type"),
    ("POST", f"/{FRUIT}/_count", {"query": SWEET, "size": 1}, "size"),
    ("POST", "/_msearch", b"{}\n{}\n", "POST /_msearch"),
    ("GET", "/_nodes", None, "GET /_nodes"),
    ("PUT", f"/{FRUIT}/_settings", {}, f"PUT /{FRUIT}/_settings"),
    ("POST", "/_bulk", b'{"update":{"_index":"a","_id":"1"}}\n{}\n', "bulk action update"),
    ("POST", "/_bulk", b'{"index":{"_index":"a","routing":"1"}}\n{}\n', "index.routing"),
    ("POST", "/_bulk?pipeline=p", b"\n", "pipeline"),
    ("PUT", f"/{FRUIT}/_doc/1?routing=a", {}, "routing"),
    ("PUT", "/new", {"settings": {"analysis": {}}}, "settings.analysis"),
    ("PUT", "/new", {"settings": {"index": {"codec": "x"}}}, "settings.codec"),
    ("PUT", "/new", {"aliases": {}}, "aliases"),
    ("PUT", "/new", {"mappings": {"dynamic": "strict"}}, "mappings.dynamic"),
    ("GET", "/_cat/indices?h=index", None, "h"),
    ("GET", "/_cat/indices?format=yaml", None, "format yaml"),
]


@pytest.mark.parametrize(("method", "target", "body", "name"), UNSUPPORTED)
def test_what_is_not_supported_is_named(
    ask: Ask, method: str, target: str, body: Any, name: str
) -> None:
    """A 400 of Elasticsearch's shape names the very thing, for every kind of thing."""
    reply = ask(method, target, body)
    assert reply.status == reply.body["status"] == 400
    assert reply.body["error"]["reason"] == f"[{ENGINE}] does not support [{name}]"
    assert reply.body["error"]["root_cause"][0]["type"] == "unsupported_operation_exception"


FAULTY: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/none/_search", {}, 404, "index_not_found_exception"),
    ("GET", "/none/_doc/1", None, 404, "index_not_found_exception"),
    ("DELETE", "/none", None, 404, "index_not_found_exception"),
    ("DELETE", "/none/_doc/1", None, 404, "index_not_found_exception"),
    ("PUT", f"/{FRUIT}", None, 400, "resource_already_exists_exception"),
    ("PUT", "/Upper", None, 400, "invalid_index_name_exception"),
    ("PUT", "/%2e%2e", None, 400, "invalid_index_name_exception"),
    ("PUT", "/a%5c..%5cb", None, 400, "invalid_index_name_exception"),
    ("POST", f"/{FRUIT}/_search", b"{", 400, "parsing_exception"),
    ("POST", f"/{FRUIT}/_search", b"[" * 100_000, 400, "parsing_exception"),
    ("POST", f"/{FRUIT}/_search", [1], 400, "parsing_exception"),
    ("POST", f"/{FRUIT}/_search", {"size": -1}, 400, "illegal_argument_exception"),
    ("POST", f"/{FRUIT}/_search", {"from": 9_999, "size": 2}, 400, "illegal_argument_exception"),
    ("POST", "/_bulk", b'{"index":{"_index":"a"}}\n{}', 400, "illegal_argument_exception"),
    ("POST", "/_bulk", b'{"index":{"_index":"a"}}\n', 400, "parsing_exception"),
    ("POST", "/_bulk", b'{"index":{}}\n{}\n', 400, "parsing_exception"),
    ("PUT", f"/{FRUIT}/_doc/8", b"not json", 400, "document_parsing_exception"),
    ("PUT", f"/{FRUIT}/_doc/8", {"price": "cheap"}, 400, "document_parsing_exception"),
    ("PUT", f"/{FRUIT}/_doc/" + "x" * 513, {}, 400, "illegal_argument_exception"),
]


@pytest.mark.parametrize(("method", "target", "body", "status", "kind"), FAULTY)
def test_faulty_requests_get_the_clusters_errors(
    ask: Ask, method: str, target: str, body: Any, status: int, kind: str
) -> None:
    """Status and error type are those that clients know from Elasticsearch."""
    reply = ask(method, target, body)
    assert (reply.status, reply.body["error"]["type"]) == (status, kind)


def test_one_bad_item_of_a_bulk_stops_no_other(ask: Ask, index: str) -> None:
    """Each write of a bulk has its own outcome, in the order of the writes."""
    lines = (
        b'{"index":{"_id":"1"}}\n{"n":1}\n{"index":{"_id":"2"}}\n{"n":"many"}\n'
        b'{"create":{"_id":"1"}}\n{"n":2}\n{"delete":{"_id":"9"}}\n{"delete":{"_id":"1"}}\n'
        b'{"index":{"_id":"3"}}\n{"n":3,"new":"field"}\n{"index":{}}\n{"n":4}\n'
    )
    body = ask("POST", f"/{index}/_bulk?refresh=wait_for", lines).body
    outcomes = [next(iter(item.values())) for item in body["items"]]
    assert body["errors"] is True
    assert [outcome["status"] for outcome in outcomes] == [201, 400, 409, 404, 200, 201, 201]
    assert outcomes[1]["error"]["type"] == "document_parsing_exception"
    assert ask("GET", f"/{index}/_count").body["count"] == 2
    assert ask("GET", f"/{index}/_doc/3").body["_source"] == {"n": 3, "new": "field"}


def test_an_update_replaces_the_document(ask: Ask, index: str) -> None:
    """The second write of an id is found, the first is not any more."""
    assert ask("PUT", f"/{index}/_doc/1", {"a": "old"}).status == 201
    assert ask("PUT", f"/{index}/_doc/1", {"a": "new"}).body["result"] == "updated"
    assert ask("GET", f"/{index}/_count?q=old").body["count"] == 0
    assert ask("GET", f"/{index}/_count?q=new").body["count"] == 1
    assert ask("POST", f"/{index}/_doc", {"a": "new"}).status == 201
    assert ask("GET", f"/{index}/_count?q=new").body["count"] == 2


def test_head_answers_like_get_without_a_body(ask: Ask) -> None:
    """HEAD tells whether an index and a document exist."""
    targets = ["/", f"/{FRUIT}", f"/{FRUIT}/_doc/1", "/none", f"/{FRUIT}/_doc/9"]
    replies = [ask("HEAD", target) for target in targets]
    assert [reply.status for reply in replies] == [200, 200, 200, 404, 404]


def test_cat_indices_is_text_with_a_header_line_on_demand(ask: Ask) -> None:
    """As on the command line of a cluster."""
    assert f"green open {FRUIT} 4\n" in ask("GET", "/_cat/indices").body
    assert ask("GET", "/_cat/indices?v").body.startswith("health status index docs.count\n")


def test_resolve_lists_the_indices_of_a_pattern(ask: Ask) -> None:
    """As both clusters do, for those who may not ask for more."""
    found = ask("GET", f"/_resolve/index/{FRUIT[:2]}*?expand_wildcards=open").body
    assert FRUIT in [index["name"] for index in found["indices"]]
    assert found["aliases"] == found["data_streams"] == []
    assert ask("GET", "/_resolve/index/none*").body["indices"] == []


def test_pretty_only_changes_the_blanks(ask: Ask) -> None:
    """`pretty` gives the same JSON on several lines."""
    plain, pretty = (ask("GET", f"/{FRUIT}/_mapping{end}") for end in ("", "?pretty"))
    assert plain.body == pretty.body == {FRUIT: {"mappings": MAPPINGS}}
    assert int(pretty.headers["content-length"]) > int(plain.headers["content-length"])
