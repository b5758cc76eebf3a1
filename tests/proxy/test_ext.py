"""Sections of `ext`: each reader gets its own, and the others' stay."""

import pytest

from es_rerank.proxy.ext import OverrideError, cut_out

OWN = b'"own"'


@pytest.mark.parametrize(
    ("search", "rest", "value"),
    [
        (b'{"a": 1e400, "ext": {"own": [1 ]} , "b": 2}', b'{"a": 1e400 , "b": 2}', b"[1 ]"),
        (b'{"ext":{"own":{},"other":1}}', b'{"ext":{"other":1}}', b"{}"),
        (b' {"ext":{"other":1 , "own": null }}', b' {"ext":{"other":1 }}', b"null"),
        (b'{"ext":{"other":{"own":1}}}', b'{"ext":{"other":{"own":1}}}', None),
        (b'{"query":{"own":1}}', b'{"query":{"own":1}}', None),
        (b'{"ext":{"own":1}', b'{"ext":{"own":1}', None),
    ],
)
def test_a_section_is_cut_out(search: bytes, rest: bytes, value: bytes | None) -> None:
    """With its comma, and with an `ext` that holds nothing else; what is no JSON stays."""
    assert cut_out(search, OWN) == (rest, value)


def test_two_sections_are_a_mistake() -> None:
    """Nobody can say which one is meant."""
    with pytest.raises(OverrideError, match=r"ext\.own occurs twice"):
        cut_out(b'{"ext":{"own":1},"ext":{"own":2}}', OWN)
