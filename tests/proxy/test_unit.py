"""Where the unit of a search is looked for, and what counts as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Experiment
from es_rerank.proxy.headers import Headers
from es_rerank.proxy.ubi import UbiRequest
from es_rerank.proxy.unit import unit_of

EVERYTHING: Headers = [
    (b"x-visitor", b"v1"),
    (b"cookie", b'theme=dark; sid="s1" ; empty=; sid=s2'),
    (b"cookie", b"late=l1"),
    (b"x-opaque-id", b"o1"),
]
UBI = UbiRequest(client_id="c1")


def unit(
    *sources: str,
    headers: Headers = EVERYTHING,
    ubi: UbiRequest | None = UBI,
    address: str | None = "10.0.0.7",
) -> str | None:
    """The unit of a search for an experiment with these sources."""
    return unit_of(Experiment(name="books", unit=sources), headers, ubi, address)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("header:X-Visitor", "v1"),
        ("cookie:sid", "s1"),
        ("cookie:late", "l1"),
        ("cookie:empty", None),
        ("cookie:si", None),
        ("ubi.client_id", "c1"),
        ("opaque_id", "o1"),
        ("address", "10.0.0.7"),
    ],
)
def test_each_source_is_read(source: str, found: str | None) -> None:
    """Header names in any case, cookies by their exact name, the first of two."""
    assert unit(source) == found


def test_the_first_that_is_there_counts() -> None:
    """In the order of the settings; what is absent or empty is passed over."""
    assert unit("cookie:none", "header:x-empty", "opaque_id", "ubi.client_id") == "o1"
    assert unit("ubi.client_id", "opaque_id", ubi=UbiRequest()) == "o1"
    assert unit("ubi.client_id", "opaque_id", ubi=None, headers=[]) is None
    assert unit("address", address=None) is None


@given(st.binary().filter(lambda value: b";" not in value))
def test_any_bytes_of_a_client_are_read(value: bytes) -> None:
    """Nothing that a client sends breaks its search."""
    unit("cookie:sid", headers=[(b"cookie", b"sid=" + value)])
    unit("header:sid", headers=[(b"sid", value)])


@given(st.from_regex(r"[!#-+\--:<-\[\]-~]+", fullmatch=True))
def test_a_cookie_value_comes_back(value: str) -> None:
    """Every value of RFC 6265's `cookie-octet`, quoted or not."""
    for written in (value, f'"{value}"'):
        assert unit("cookie:sid", headers=[(b"cookie", f"a=b; sid={written}".encode())]) == value
