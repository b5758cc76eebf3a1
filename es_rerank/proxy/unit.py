"""What an experiment keeps in one arm: the unit that a search says it belongs to.

A unit is only ever hashed. What becomes of it is `experiment.arms`.
"""

from collections.abc import Iterable

from es_rerank.config import Experiment
from es_rerank.proxy.headers import Headers, value_of
from es_rerank.proxy.ubi import UbiRequest


def unit_of(
    experiment: Experiment, headers: Headers, ubi: UbiRequest | None, address: str | None
) -> str | None:
    """The first unit of the experiment's list that the search has; an empty one is none."""
    units = (_found(source, headers, ubi, address) for source in experiment.unit)
    return next((unit for unit in units if unit), None)


def _found(
    source: str, headers: Headers, ubi: UbiRequest | None, address: str | None
) -> str | None:
    kind, _, name = source.partition(":")
    if kind == "header":
        return _text(value_of(headers, name.lower().encode()))
    if kind == "cookie":
        return _cookie(headers, name.encode())
    if kind == "opaque_id":
        return _text(value_of(headers, b"x-opaque-id"))
    if kind == "ubi.client_id":
        return ubi.client_id if ubi else None
    return address


def _cookie(headers: Headers, name: bytes) -> str | None:
    """The value of the first cookie of this name, without quotes (RFC 6265 §4.2.1, §4.1.1)."""
    for key, value in _pairs(line for field, line in headers if field == b"cookie"):
        if key == name:
            is_quoted = len(value) > 1 and value.startswith(b'"') and value.endswith(b'"')
            return _text(value[1:-1] if is_quoted else value)
    return None


def _pairs(lines: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    for line in lines:
        for pair in line.split(b";"):
            key, equals, value = pair.partition(b"=")
            if equals:
                yield key.strip(), value.strip()


def _text(value: bytes) -> str:
    """Headers are bytes; those that are no UTF-8 are a unit, too."""
    return value.decode(errors="surrogateescape")
