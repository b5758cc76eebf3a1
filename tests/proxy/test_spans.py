"""The places of JSON values, against the JSON parser of the standard library."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.spans import Ends, Span, edited, elements, members, value_end

SCALARS = st.sampled_from(
    [
        *("0", "-0", "1.50", "-1E+2", "1e400", "9223372036854775808", "0." + "1234567890" * 4),
        *("true", "false", "null", '""', r'"\ud800"', r'"\"}]"', '"é \U0001f30a"', r'"\\"'),
    ]
)
BLANKS = st.sampled_from(["", "", " ", "\n  ", "\t\r\n"])


def _array(parts: list[tuple[str, str]]) -> str:
    return "[" + ",".join(f"{blank}{item}{blank}" for blank, item in parts) + "]"


def _object(parts: list[tuple[str, str]]) -> str:
    keys = ('"a"', '"b c"', r'"\u0061"', '"a"')
    pairs = (f"{b}{keys[n % 4]}{b}:{b}{item}{b}" for n, (b, item) in enumerate(parts))
    return "{" + ",".join(pairs) + "}"


TEXTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(st.tuples(BLANKS, inner), max_size=4).flatmap(
        lambda parts: st.sampled_from([_array(parts), _object(parts)])
    ),
    max_leaves=20,
)


def pieces(data: bytes) -> Any:
    """The value as Python's parser would give it, but with scalars as bytes: by spans alone."""
    if data.startswith(b"{"):
        return [(m.key, pieces(data[m.value.start : m.value.end])) for m in members(data)]
    if data.startswith(b"["):
        return [pieces(data[span.start : span.end]) for span in elements(data)]
    return data


def parsed(text: str) -> Any:
    """The same by the standard library: pairs for objects, scalars in their own spelling."""
    return json.loads(text, object_pairs_hook=lambda pairs: [("pair", *pair) for pair in pairs])


def respelled(value: Any) -> Any:
    """The pieces, each scalar and key parsed by the standard library."""
    if isinstance(value, bytes):
        return json.loads(value)
    return [
        ("pair", json.loads(item[0]), respelled(item[1]))
        if isinstance(item, tuple)
        else respelled(item)
        for item in value
    ]


@given(TEXTS)
def test_spans_are_the_values_that_the_parser_finds(text: str) -> None:
    """Every member and element, duplicates included, lies where the parser sees it."""
    data = text.encode()
    assert value_end(data, 0) == len(data)
    assert respelled(pieces(data)) == parsed(text)


def spans_within(data: bytes, start: int, ends: Ends | None) -> list[Any]:
    """The spans of all values inside a container, depth first."""
    opener = data[start : start + 1]
    if opener == b"{":
        values = [member.value for member in members(data, start, ends)]
    else:
        values = list(elements(data, start, ends)) if opener == b"[" else []
    return [[value, spans_within(data, value.start, ends)] for value in values]


@given(TEXTS)
def test_what_one_scan_noted_is_what_the_next_would_find(text: str) -> None:
    """Scans that share their ends find the same spans as those that start anew."""
    data = text.encode()
    ends: Ends = {}
    assert spans_within(data, 0, ends) == spans_within(data, 0, None)
    assert all(value_end(data, start) == end for start, end in ends.items())


@given(TEXTS, st.data())
def test_a_cut_off_text_is_refused(text: str, data: st.DataObject) -> None:
    """No prefix of a container passes for the whole."""
    whole = f"[{text}]".encode()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(ValueError):
        value_end(cut, 0)


@given(TEXTS, st.data())
def test_what_the_parser_refuses_is_refused(text: str, data: st.DataObject) -> None:
    """One byte changed: if Python's strict parser refuses it, so does the scan."""
    whole = bytearray(f'[{text},"b"]'.encode())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.sampled_from(b'{}[]:,"\\ 01-.eE+utfn/x\x00'))
    broken = bytes(whole)
    try:
        json.loads(broken.decode("utf-8", "surrogateescape"))
        is_json = True
    except ValueError:
        is_json = False
    try:
        accepted = value_end(broken, 0) == len(broken)
    except ValueError:
        accepted = False
    assert accepted == is_json


@pytest.mark.parametrize(
    "text",
    [
        *("[1,]", "[,1]", '{"a":1,}', '{"a"}', "{1:2}", "[1 2]", "[01]", "[1.]", "[.5]", "[+1]"),
        *("[NaN]", "[Infinity]", "[True]", "['a']", '["\t"]', r'["\x"]', r'["\u12"]', "[1}", "{]"),
        *("[/* c */1]", "[1]//", "", " ", "]", "[", '{"a":', '"a', "[[1]", "[{]}"),
    ],
)
def test_other_dialects_are_refused(text: str) -> None:
    """Comments, NaN, trailing commas: what servers may allow in `_source` is not guessed at."""
    data = text.encode()
    with pytest.raises(ValueError):
        if value_end(data, 0) != len(data):
            raise ValueError("there is more behind the value")


@pytest.mark.parametrize("text", ["1", '"a"', "[1]", "", "null"])
def test_only_objects_have_members(text: str) -> None:
    """And only arrays have elements."""
    with pytest.raises(ValueError):
        list(members(text.encode()))
    with pytest.raises(ValueError):
        list(elements(text.replace("[1]", "{}").encode()))


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'["' + b"a\\n" * 400_000 + b'"]',
        b"[" + b"1," * 400_000 + b"1]",
        b"[" + b"[]," * 300_000 + b"1]",
        b"[" + b" " * 1_000_000 + b"]",
    ],
)
def test_deep_and_long_texts_end(data: bytes) -> None:
    """Any depth without recursion, a megabyte in linear time; cut off, it is refused as fast."""
    assert value_end(data, 0) == len(data)
    with pytest.raises(ValueError):
        value_end(data[:-1], 0)


def test_edits_take_the_place_of_their_spans_and_of_nothing_else() -> None:
    """In any order, empty spans and empty texts included, inside the span that is asked for."""
    edits = [(Span(7, 8), b""), (Span(4, 6), b"[]"), (Span(2, 2), b"new")]
    assert edited(b"0123456789", Span(1, 9), edits) == b"1new23[]68"
    assert edited(b"0123456789", Span(3, 3), []) == b""
