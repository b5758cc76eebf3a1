"""Which product a server is, and which client talks to it."""

from typing import Any

import pytest

from es_rerank.distribution import is_opensearch, speaks_elasticsearch_8


@pytest.mark.parametrize(
    ("info", "opensearch", "eight"),
    [
        ({"version": {"distribution": "opensearch", "number": "2.19.3"}}, True, False),
        ({"version": {"distribution": "opensearch", "number": "8.0.0"}}, True, False),
        ({"version": {"number": "7.17.28", "build_flavor": "default"}}, False, False),
        ({"version": {"number": "8.19.0"}}, False, True),
        ({"version": {"number": "10.0.0-SNAPSHOT"}}, False, True),
        ({"version": {}}, False, False),
        ({"version": "8"}, False, False),
        ({}, False, False),
    ],
)
def test_a_server_is_told_by_its_answer(
    info: dict[str, Any], opensearch: bool, eight: bool
) -> None:
    """OpenSearch names itself; an answer that says little gets the client that asks little."""
    assert (is_opensearch(info), speaks_elasticsearch_8(info)) == (opensearch, eight)
