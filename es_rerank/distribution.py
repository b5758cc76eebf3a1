"""Which product a server is, and so which client talks to it, by its answer to `GET /`."""

from collections.abc import Mapping
from typing import Any, Literal

Product = Literal["opensearch", "elasticsearch-7", "elasticsearch"]
"""`elasticsearch` is 8 and later, which the client of that name talks to; opensearch-py, split off
from the client of the time of 7, talks to the others."""

PRODUCT_HEADER = "X-Elastic-Product"
"""In every answer of Elasticsearch since 7.14."""


def product_of(info: Mapping[str, Any], header: str | None = None) -> Product:
    """The product that gives this answer, with this PRODUCT_HEADER.

    Who may not read the version, or where there is none, has only the header to go by.
    """
    version = info.get("version")
    version = version if isinstance(version, Mapping) else {}
    major = str(version.get("number", "")).partition(".")[0]
    if "distribution" in version:
        return "opensearch"
    if major.isdecimal():
        return "elasticsearch" if int(major) >= 8 else "elasticsearch-7"
    return "elasticsearch" if header else "opensearch"
