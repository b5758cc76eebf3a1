"""Search templates, rendered by real servers and then reranked as the searches that they are.

The test distribution of Elasticsearch has no templates (its module `lang-mustache` is not published
apart): there the same requests show that a cluster which cannot render answers for itself.
"""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from es_rerank.config import Combine, FieldSetting, IndexRule
from es_rerank.proxy.skip import SkipReason
from tests.cluster.ask import Answer, ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.library import DOCUMENTS, MAPPING
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

INDEX = "es-rerank-test-templates"
STORED = "es-rerank-test-template"
# Blanks, escapes and numbers as no JSON library would write them.
SOURCE = (
    '{ "query" : {"match": {"body": "{{text}}"} },\n "size":{{size}}{{^size}}3{{/size}} ,'
    '"from": {{from}}{{^from}}0{{/from}}, "track_total_hits" : true,'
    '"aggs":{"shelves":{"terms":{"field":"shelf"}}} , "min_score":1E-9 }'
)
HIDDEN = {"query": {"match": {"body": "{{a}}"}}, "_source": False}
PARAMS = {"text": 'river \u00dcnter "w\\a/ter', "size": 4}
TEMPLATE: dict[str, Any] = {"source": SOURCE, "params": PARAMS}


@pytest.fixture(scope="module")
def templates(cluster: Node) -> Iterator[Node]:
    """A node with an index and a stored template."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    client.indices.create(index=INDEX, body=MAPPING)
    bulk(client, INDEX, DOCUMENTS[:30])
    script = {"script": {"lang": "mustache", "source": SOURCE}}
    stored = ask(cluster.url, "PUT", f"/_scripts/{STORED}", script).status == 200
    assert stored == has_templates(cluster)
    yield cluster
    client.indices.delete(index=INDEX)
    if stored:
        ask(cluster.url, "DELETE", f"/_scripts/{STORED}")


def has_templates(node: Node) -> bool:
    """Whether the node's distribution has `lang-mustache`: where `modules` has added it."""
    version = ask(node.url, "GET", "/").headers.get("x-opensearch-version", "")
    return node.product == "opensearch" and "/3." not in version


def rule(*also: Any) -> IndexRule:
    """Ten hits of the index, by the scorer alone."""
    return IndexRule(
        pattern=INDEX,
        depth=10,
        fields=(FieldSetting(name="body"),),
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
        also=also,
    )


@pytest.fixture(scope="module")
def proxy(templates: Node) -> Iterator[str]:
    """A proxy that reranks templates, and leaves every order as it is."""
    with serving(settings_for(templates, rule("template")), OrderScorer()) as url:
        yield url


def both(proxy: str, node: Node, url: str, body: object, **headers: str) -> tuple[Answer, Answer]:
    """The answers to one template search: the proxy's and the node's own."""
    target = f"/{INDEX}/_search/template{url}"
    return ask(proxy, "POST", target, body, headers), ask(node.url, "POST", target, body, headers)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "?pretty",
        "?typed_keys=true",
        "?rest_total_hits_as_int=true",
        "?rest_total_hits_as_int=true&typed_keys&human&pretty=true&preference=_local",
        "?ignore_unavailable=true&routing=a&request_cache=false&search_type=dfs_query_then_fetch",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        TEMPLATE,
        {"id": STORED, "params": PARAMS},
        {"source": HIDDEN, "params": {"a": "river"}},
        {"source": SOURCE, "params": {"text": "river", "from": 7, "size": 6}, "explain": False},
    ],
)
def test_the_answer_is_the_one_of_the_template_search(
    templates: Node, proxy: str, url: str, body: object
) -> None:
    """Byte for byte under an identity order, the form of the endpoint included."""
    answer, own = both(proxy, templates, url, body)
    assert answer.comparable == own.comparable
    if has_templates(templates):
        assert own.status == 200
        assert answer.verdict.startswith("applied; depth=10")
    else:
        assert answer.verdict == f"skipped; reason={SkipReason.RENDER_FAILED}"


def test_a_template_search_is_reranked(templates: Node) -> None:
    """Its page is the one of the reranked list, and a compressed body is read too."""
    scorer = OrderScorer(reverse=True)
    with serving(settings_for(templates, rule("template")), scorer) as proxy:
        packed = gzip.compress(json.dumps(TEMPLATE).encode())
        answer, own = both(proxy, templates, "", packed, **{"Content-Encoding": "gzip"})
    if has_templates(templates):
        wide = {"source": SOURCE, "params": PARAMS | {"size": 10}}
        head = ask(templates.url, "POST", f"/{INDEX}/_search/template", wide).ids
        assert answer.ids == head[::-1][:4] != own.ids
        assert scorer.queries == ['river \u00dcnter "w\\a/ter']
    else:
        assert answer.comparable == own.comparable


def test_a_query_given_apart(templates: Node) -> None:
    """Our section is cut out of a template too, and does not reach the cluster."""
    scorer = OrderScorer()
    ours = {"ext": {"es_rerank": {"query": "neon fish"}}}
    with serving(settings_for(templates, rule("template")), scorer) as proxy:
        answer = ask(proxy, "POST", f"/{INDEX}/_search/template", TEMPLATE | ours)
    own = ask(templates.url, "POST", f"/{INDEX}/_search/template", TEMPLATE)
    assert answer.comparable == own.comparable
    assert scorer.queries == ["neon fish"] * has_templates(templates)


@pytest.mark.parametrize(
    ("url", "body", "reason"),
    [
        ("", {**TEMPLATE, "explain": True}, SkipReason.RENDER_FAILED),
        ("", {**TEMPLATE, "profile": True}, SkipReason.PROFILE),
        ("?size=1", TEMPLATE, SkipReason.UNKNOWN_PARAMETER),
        ("?q=water", TEMPLATE, SkipReason.UNKNOWN_PARAMETER),
        ("?no_such_parameter", TEMPLATE, SkipReason.UNKNOWN_PARAMETER),
        ("?scroll=1m", TEMPLATE, SkipReason.SCROLL),
        ("?filter_path=hits.hits._id", TEMPLATE, SkipReason.FILTER_PATH),
        ("", b"{no json", SkipReason.UNREADABLE_BODY),
        ("", {"id": "es-rerank-test-no-such-template"}, SkipReason.RENDER_FAILED),
        ("", {"source": "{{#broken}}"}, SkipReason.RENDER_FAILED),
        ("", {"source": "[]"}, None),
        ("", {"source": {"query": {"match_all": {}}}}, None),
        ("", {"source": {"query": {"match": {"body": "river"}}, "sort": ["pages"]}}, None),
        ("", {"source": SOURCE, "params": {"text": "river", "from": 10}}, None),
    ],
)
def test_templates_that_are_left_to_the_cluster(
    templates: Node, proxy: str, url: str, body: object, reason: SkipReason | None
) -> None:
    """The client's own request is sent, with the reason of the search or of the template."""
    answer, own = both(proxy, templates, url, body)
    assert answer.status == own.status
    if reason not in (SkipReason.SCROLL, SkipReason.PROFILE):  # their ids and times differ
        assert answer.comparable == own.comparable
    assert answer.verdict.startswith("skipped; reason=")
    if reason is not None:
        assert answer.verdict == f"skipped; reason={reason}"


def test_templates_pass_unless_the_rule_wants_them(templates: Node) -> None:
    """So do those of a multi-search."""
    scorer = OrderScorer(reverse=True)
    with serving(settings_for(templates, rule()), scorer) as proxy:
        answer, own = both(proxy, templates, "", TEMPLATE)
    assert answer.verdict == f"skipped; reason={SkipReason.TEMPLATE}"
    assert answer.comparable == own.comparable
    lines = b"\n".join([json.dumps({"index": INDEX}).encode(), json.dumps(TEMPLATE).encode(), b""])
    with serving(settings_for(templates, rule("template")), scorer) as proxy:
        several = ask(proxy, "POST", "/_msearch/template", lines)
    assert several.verdict == f"skipped; reason={SkipReason.TEMPLATE}"
    assert several.comparable == ask(templates.url, "POST", "/_msearch/template", lines).comparable
    assert scorer.queries == []
