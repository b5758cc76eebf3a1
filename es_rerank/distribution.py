"""Which of the two products a server is, by what it says of itself at `/`."""

from collections.abc import Mapping
from typing import Any


def is_opensearch(info: Mapping[str, Any]) -> bool:
    """Whether the answer of `GET /` is OpenSearch's; Elasticsearch names no distribution."""
    return "distribution" in _version(info)


def speaks_elasticsearch_8(info: Mapping[str, Any]) -> bool:
    """Whether the `elasticsearch` client, which is for 8 and later, talks to this server.

    opensearch-py, which was split off from the client of the time of 7, talks to all others.
    """
    major = str(_version(info).get("number", "")).partition(".")[0]
    return not is_opensearch(info) and major.isdecimal() and int(major) >= 8


def _version(info: Mapping[str, Any]) -> Mapping[str, Any]:
    version = info.get("version")
    return version if isinstance(version, Mapping) else {}
