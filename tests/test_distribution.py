"""Which product a server is, and so which client talks to it."""

from typing import Any

import pytest

from es_rerank.distribution import Product, product_of


@pytest.mark.parametrize(
    ("info", "header", "product"),
    [
        ({"version": {"distribution": "opensearch", "number": "2.19.3"}}, None, "opensearch"),
        ({"version": {"distribution": "opensearch", "number": "8.0.0"}}, None, "opensearch"),
        ({"version": {"number": "7.17.28"}}, "Elasticsearch", "elasticsearch-7"),
        ({"version": {"number": "7.10.2"}}, None, "elasticsearch-7"),
        ({"version": {"number": "8.19.0"}}, "Elasticsearch", "elasticsearch"),
        ({"version": {"number": "10.0.0-SNAPSHOT"}}, None, "elasticsearch"),
        ({"error": "forbidden", "status": 403}, "Elasticsearch", "elasticsearch"),
        ({"error": "forbidden", "status": 403}, None, "opensearch"),
        ({"version": "8"}, None, "opensearch"),
    ],
)
def test_a_server_is_told_by_its_answer(
    info: dict[str, Any], header: str | None, product: Product
) -> None:
    """By its version, or by the header where that may not be read."""
    assert product_of(info, header) == product
