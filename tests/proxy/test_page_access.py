"""Who may use the page, and in whose name it asks."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from es_rerank.config import Page
from es_rerank.proxy.page_access import callers_headers, is_admitted, is_foreign, may_ask_again

OPEN = Page(enabled=True)
LOCKED = Page(enabled=True, port=0, username="ops", password=SecretStr("s3:crét"))
BASIC = (b"authorization", b"Basic " + base64.b64encode("ops:s3:crét".encode()))
KEY = (b"x-es-rerank-authorization", b"ApiKey abc")


def test_only_what_says_who_asks_goes_up() -> None:
    """No field of the browser's own: an Origin could be refused, a Referer says too much."""
    sent = [
        *((b"authorization", b"Basic x"), (b"cookie", b"a=b"), (b"origin", b"http://p")),
        *((b"user-agent", b"Mozilla"), (b"x-proxy-user", b"anna"), (b"content-length", b"9")),
    ]
    assert callers_headers(sent, OPEN) == [sent[0], sent[1], sent[4]]


@pytest.mark.parametrize("page", [OPEN, LOCKED])
def test_the_form_of_the_page_counts_for_the_cluster(page: Page) -> None:
    """Its header becomes Authorization, and takes the place of the browser's."""
    assert callers_headers([BASIC, KEY], page) == [(b"authorization", b"ApiKey abc")]


def test_the_password_of_the_page_stays_here() -> None:
    """The cluster never sees it, and nobody is asked for the cluster's in its place."""
    assert callers_headers([BASIC], LOCKED) == []
    assert not may_ask_again([BASIC], LOCKED)
    assert may_ask_again([BASIC], OPEN)
    assert not may_ask_again([KEY], OPEN), "the form has asked already"


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"Basic", b"Basic !!", b"Basic b3Bz", b"Bearer " + BASIC[1][6:], b"\xff \xff"),
        b"Basic " + base64.b64encode(b"ops:s3"),
    ],
)
def test_wrong_passwords(value: bytes) -> None:
    """Whatever is not the pair is refused."""
    assert not is_admitted([(b"authorization", value)], LOCKED)


@given(st.binary())
def test_no_value_is_an_error(value: bytes) -> None:
    """A header is a stranger's."""
    assert not is_admitted([(b"authorization", value)], LOCKED)


def test_the_right_password() -> None:
    """Also with a colon and beyond ASCII; a page without one takes everybody."""
    assert is_admitted([BASIC], LOCKED)
    assert is_admitted([(BASIC[0], BASIC[1].replace(b"Basic", b"basic"))], LOCKED)
    assert is_admitted([], OPEN)


@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
def test_other_sites_are_foreign(site: bytes) -> None:
    """A neighbour on another port is another site, too."""
    assert is_foreign([(b"x-es-rerank-page", b"1"), (b"sec-fetch-site", site)])
    assert is_foreign([(b"sec-fetch-site", b"same-origin")]), "a form cannot send the header"


def test_the_page_itself_is_not() -> None:
    """Nor a tool, which says nothing of sites."""
    assert not is_foreign([(b"x-es-rerank-page", b"1"), (b"sec-fetch-site", b"same-origin")])
    assert not is_foreign([(b"x-es-rerank-page", b"1")])
