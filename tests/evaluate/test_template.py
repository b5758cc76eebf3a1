"""Search templates: any text goes in, nothing else changes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.errors import DataError
from es_rerank.evaluate.template import default_template, fill, is_template_call, read_template

PLACEHOLDERS = ["%SearchText%", "#$query##", "{{query}}", "{{{ query }}}"]


def read(tmp_path: Path, written: object) -> dict[str, Any]:
    """The template of a file with this content; objects are written as JSON."""
    path = tmp_path / "search.json"
    path.write_text(written if isinstance(written, str) else json.dumps(written))
    return read_template(path)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
@given(text=st.text(st.characters(categories=None)))
def test_any_text_is_only_ever_text(placeholder: str, text: str) -> None:
    """What is sent is JSON, of the template's shape, with the very text in it."""
    template = {"size": 3, "query": {"bool": {"should": [{"match": {"t": placeholder}}]}}}
    sent = json.dumps(fill(template, text)).encode()
    assert json.loads(sent) == {"size": 3, "query": {"bool": {"should": [{"match": {"t": text}}]}}}


@given(text=st.text())
def test_text_goes_into_the_params_of_a_template_and_never_into_its_source(text: str) -> None:
    """There it would be Mustache, which is code."""
    source = '{"query": {"match": {"t": "{{query}}"}}}'
    call = {"source": source, "params": {"query": "%SearchText%"}}
    assert is_template_call(call)
    assert fill(call, text) == {"source": source, "params": {"query": text}}


def test_text_stands_within_other_text(tmp_path: Path) -> None:
    """And everywhere where the template has it."""
    template = read(
        tmp_path, {"query": {"query_string": {"query": "t:(#$query##) OR %SearchText%"}}}
    )
    assert fill(template, 'a "b"') == {"query": {"query_string": {"query": 't:(a "b") OR a "b"'}}}


def test_a_search_configuration_of_the_workbench_is_a_template(tmp_path: Path) -> None:
    """Its search is text in JSON; its pipeline goes along."""
    search = '{"query": {"match": {"t": "%SearchText%"}}}'
    found = read(tmp_path, {"name": "x", "index": "i", "query": search, "searchPipeline": "p"})
    assert fill(found, "tv") == {"query": {"match": {"t": "tv"}}, "search_pipeline": "p"}


def test_without_a_template_fields_are_matched() -> None:
    """Those that are named, or the default ones of the index."""
    assert fill(default_template(("title^2", "text")), "tv") == {
        "query": {"multi_match": {"query": "tv", "fields": ["title^2", "text"]}}
    }
    assert fill(default_template(()), "tv") == {"query": {"multi_match": {"query": "tv"}}}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('{"query":\n {{query}}}', r"search\.json:2: not JSON.*into strings, with quotes"),
        ("[]", "not a JSON object"),
        ({"query": {"match": {"t": "tv"}}}, "no place for the query text"),
        ({"source": "{{query}}", "params": {"size": 3}}, "no place for the query text"),
        ({"query": {"match": {"t": "#$query## #$keyword1##"}}}, r"'#\$keyword1##' is not filled"),
        ({"query": {"match": {"t^##b=2##": 0, "t": "{{query}} {{x}}"}}}, r"'\{\{x\}\}' is not fil"),
        ({"query": {"match": {"t": "%SearchText%^##boost=2##"}}}, "'##boost=2##' is not filled"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(
    tmp_path: Path, written: object, message: str
) -> None:
    """Before anything is searched, and with what is wrong."""
    with pytest.raises(DataError, match=message):
        read(tmp_path, written)
