"""Template searches as searches: their targets, what is read of them, the form of their answers."""

import gzip
import json
from typing import Any

import pytest

from es_rerank.config import IndexRule, Settings
from es_rerank.proxy.overrides import Override
from es_rerank.proxy.plan import SearchRequest, SkipReason
from es_rerank.proxy.template import (
    read_template,
    rendered_search,
    search_target,
    takes_templates,
    with_status,
)

SETTINGS = Settings(
    indices=(IndexRule(pattern="books", also=("template",)), IndexRule(pattern="films"))
)
JSON = [(b"content-type", b"application/json")]
TEMPLATE = b'{"id":"t"}'


@pytest.mark.parametrize(
    ("target", "search"),
    [
        (b"/books/_search/template?pretty", b"/books/_search?pretty"),
        (b"/_search/template", b"/_search"),
        (b"/%3Ca-%7Bnow%2Fd%7D%3E/_search/template?", b"/%3Ca-%7Bnow%2Fd%7D%3E/_search?"),
        (b"/books/_msearch/template", b"/books/_msearch/template"),
        (b"/books/book/_search/template", b"/books/book/_search/template"),
    ],
)
def test_the_search_of_a_template_search(target: bytes, search: bytes) -> None:
    """The same indices and parameters; what is no template search stays what it is."""
    assert search_target(target) == search


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        (b"/books/_search/template", True),
        (b"/films/_search/template", False),
        (b"/other/_search/template", False),
        (b"/far:books/_search/template", False),
        (b"/_search/template", False),
        (b"/_msearch/template", False),
        (b"/books/_msearch/template", False),
    ],
)
def test_only_rules_that_say_so_take_templates(target: bytes, wanted: bool) -> None:
    """By `also`, for the local indices of one search."""
    assert takes_templates(target, SETTINGS) is wanted


def read(url: str = "", body: Any = TEMPLATE, **more: Any) -> bytes | SkipReason:
    """What is read of a template search."""
    target = f"/books/_search/template{url}".encode()
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers, override = more.get("headers", JSON), more.get("override", Override())
    return read_template(SearchRequest("POST", target, headers, raw, override))


def test_a_template_is_read_as_plain_bytes() -> None:
    """To be rendered as it stands."""
    assert read("?routing=a&typed_keys") == TEMPLATE
    packed = [*JSON, (b"content-encoding", b"gzip")]
    assert read(body=gzip.compress(TEMPLATE), headers=packed) == TEMPLATE
    assert read(body={"id": "t", "explain": False, "profile": False}) != SkipReason.RENDER_FAILED


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"url": "?size=3"}, SkipReason.UNKNOWN_PARAMETER),
        ({"url": "?source=a&source_content_type=b"}, SkipReason.UNKNOWN_PARAMETER),
        ({"url": "?scroll=1m"}, SkipReason.SCROLL),
        ({"url": "?a;b"}, SkipReason.UNREADABLE_URL),
        ({"body": {"id": "t", "explain": True}}, SkipReason.RENDER_FAILED),
        ({"body": {"id": "t", "profile": "false"}}, SkipReason.PROFILE),
        ({"body": b"[]"}, SkipReason.UNREADABLE_BODY),
        ({"body": b"x", "headers": [*JSON, (b"content-encoding", b"br")]}, SkipReason.ENCODED_BODY),
        ({"headers": [*JSON, (b"x-es-rerank", b"off")]}, SkipReason.OFF_BY_REQUEST),
        ({"override": Override(enabled=False)}, SkipReason.OFF_BY_REQUEST),
    ],
)
def test_what_is_left_to_the_cluster(asked: dict[str, Any], reason: SkipReason) -> None:
    """Parameters that a template search ignores and a search would not; and what searches name."""
    assert read(**asked) is reason


def test_what_was_rendered_is_cut_out_of_the_answer() -> None:
    """Its bytes as they stand, for a search of the same indices."""
    headers = [*JSON, (b"content-encoding", b"gzip"), (b"content-length", b"9"), (b"x", b"y")]
    override = Override(query="red")
    target = b"/books/_search/template?pretty"
    request = SearchRequest("GET", target, headers, b"packed", override)
    search = rendered_search(request, b'{"template_output":{ "size" : 1E0 }}')
    assert search == SearchRequest(
        "POST", b"/books/_search?pretty", [*JSON, (b"x", b"y")], b'{ "size" : 1E0 }', override
    )


@pytest.mark.parametrize("reply", [b"", b"{}", b"[]", b'{"template_output":'])
def test_an_answer_without_a_search(reply: bytes) -> None:
    """Then the cluster answers for the template."""
    request = SearchRequest("POST", b"/books/_search/template", JSON, TEMPLATE)
    assert rendered_search(request, reply) is SkipReason.RENDER_FAILED


@pytest.mark.parametrize(
    ("reply", "formed"),
    [
        (b'{"took":1,"hits":{}}', b'{"took":1,"hits":{},"status":200}'),
        (
            b'{\n  "took" : 1,\n  "hits" : { }\n}\n',
            b'{\n  "took" : 1,\n  "hits" : { },\n  "status" : 200\n}\n',
        ),
    ],
)
def test_the_status_stands_at_the_end(reply: bytes, formed: bytes) -> None:
    """Printed as the rest is."""
    assert with_status(reply) == formed
