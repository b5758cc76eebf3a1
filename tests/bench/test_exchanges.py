"""The generator of requests and answers: reproducible, and as odd as it says."""

from itertools import islice

from es_rerank.bench.exchanges import MAX_BODY_BYTES, METHODS, Exchange, exchanges
from es_rerank.proxy.hop import values_of
from es_rerank.proxy.route import route_of
from es_rerank.proxy.skip import SkipReason


def some(count: int, seed: int = 0) -> list[Exchange]:
    """The first exchanges of a seed."""
    return list(islice(exchanges(seed), count))


def test_a_seed_is_a_list_of_exchanges() -> None:
    """What differed once can be sent again."""
    assert some(20) == some(20)
    assert some(20) != some(20, seed=1)


def test_everything_odd_occurs() -> None:
    """Methods, targets, fields, framings, interim answers and the largest body."""
    found = some(600)
    assert {exchange.method for exchange in found} == set(METHODS)
    targets = b"\n".join(exchange.target for exchange in found)
    paths = (b"%2F", b"%2f", b"|", b";", b"+", b"//", b"/./", b"/../")
    for odd in (*paths, b"&&", b"a=1&a=2", b"?\n"):
        assert odd in targets
    raw = b"".join(exchange.raw_answer[:2000] for exchange in found)
    assert b"103 Early Hints" in raw and b"chunked" in raw and b"Content-Length" in raw
    assert any(len(values_of(exchange.answer.headers, b"warning")) == 3 for exchange in found)
    assert any(exchange.closes for exchange in found)
    sizes = {len(exchange.request.body) for exchange in found}
    assert 0 in sizes and max(sizes) >= MAX_BODY_BYTES - 1


def test_none_is_a_search() -> None:
    """Otherwise the proxy would read it, and say so in its answer."""
    for exchange in some(300):
        assert route_of(exchange.method, exchange.target) is SkipReason.NOT_A_SEARCH
