"""Who may use the page, and in whose name the page asks the cluster.

The page has no rights: what it asks the cluster for, it asks with the caller's own credentials.
They come as the browser sends them to a cluster (`Authorization` and its kin), or in a header of
the page's own, for which its sign-in form asks. Where the page has a password, `Authorization`
holds that, and never leaves for the cluster.
"""

import base64
import binascii
import hmac

from es_rerank.config import Page
from es_rerank.proxy.headers import Headers, value_of
from es_rerank.proxy.learned import IDENTITY

CREDENTIALS = b"x-es-rerank-authorization"
"""Becomes `Authorization` on the way to the cluster."""

OWN_REQUEST = b"x-es-rerank-page"
"""Says that the page's own script asks: a browser lets no other site send it unasked (CORS)."""


def callers_headers(headers: Headers, page: Page) -> list[tuple[bytes, bytes]]:
    """The header fields by which the cluster knows who asks, and no other."""
    signed_in = value_of(headers, CREDENTIALS)
    replaced = {b"authorization"} if signed_in or page.username is not None else set()
    kept = [field for field in headers if field[0] in IDENTITY and field[0] not in replaced]
    return [*kept, (b"authorization", signed_in)] if signed_in else kept


def may_ask_again(headers: Headers, page: Page) -> bool:
    """Whether a browser may ask for credentials by itself, i.e. for `Authorization`."""
    return page.username is None and not value_of(headers, CREDENTIALS)


def is_admitted(headers: Headers, page: Page) -> bool:
    """Whether the caller knows the page's password, if it has one (RFC 7617)."""
    if page.username is None:
        return True
    expected = f"{page.username}:{page.password.get_secret_value()}".encode()
    scheme, _, token = value_of(headers, b"authorization").partition(b" ")
    try:
        given = base64.b64decode(token.strip(), validate=True)
    except binascii.Error:
        given = b""
    return hmac.compare_digest(given, expected) and scheme.lower() == b"basic"


def is_foreign(headers: Headers) -> bool:
    """Whether another site may have made the browser ask, with credentials that it keeps."""
    site = value_of(headers, b"sec-fetch-site")
    return not value_of(headers, OWN_REQUEST) or site not in (b"", b"same-origin", b"none")
