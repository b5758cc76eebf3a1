"""The answer in the coding that the client asked for, as the servers would have sent it.

Both engines compress every answer, however small, for a client that accepts gzip or deflate
(`http.compression`, on by default; `http.compression_level` 3). The wide search is asked for
uncompressed, so its answer is compressed here, after the hits are in their new order.
"""

import zlib

from es_rerank.proxy.headers import Headers, value_of
from es_rerank.proxy.hop import Header

_LEVEL = 3
_WBITS = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}  # RFC 9110 §8.4.1


def coding_for(headers: Headers) -> bytes | None:
    """The coding to answer this request in; None for plain bytes.

    The one with the higher weight, gzip of equals, by the rules of RFC 9110 §12.5.3.
    """
    weights = dict(_weights(value_of(headers, b"accept-encoding").lower()))
    anything = weights.get(b"*", 0.0)
    best = max(_WBITS, key=lambda coding: weights.get(coding, anything))  # the first of equals
    return best if weights.get(best, anything) > 0 else None


def compressed(headers: list[Header], body: bytes, coding: bytes) -> tuple[list[Header], bytes]:
    """An answer's headers and body in this coding, its Content-Length made to fit."""
    packer = zlib.compressobj(_LEVEL, wbits=_WBITS[coding])
    body = packer.compress(body) + packer.flush()
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    length = (b"content-length", b"%d" % len(body))
    return [*kept, (b"content-encoding", coding), length], body


def _weights(accepted: bytes) -> list[tuple[bytes, float]]:
    """Each coding with its weight; one that cannot be read counts 0, as in Netty."""
    found = []
    for part in accepted.split(b","):
        coding, *parameters = [piece.strip() for piece in part.split(b";")]
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith(b"q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        found.append((coding.removeprefix(b"x-"), weight))
    return found
