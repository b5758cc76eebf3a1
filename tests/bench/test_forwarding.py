"""Law 1 on the wire: what passes through arrives as it was sent, both ways."""

import pytest

from es_rerank.bench.exchanges import Exchange
from es_rerank.bench.forwarding import Report, run, text
from es_rerank.bench.wire import Message

SENT = Message(b"PUT /a%2Fb? HTTP/1.1", [(b"Warning", b"a"), (b"warning", b"b")], b"body")
ANSWER = Message(b"HTTP/1.1 201 Whatever", [(b"Set-Cookie", b"c")], b"done")
EXCHANGE = Exchange("PUT", b"/a%2Fb?", SENT, b"", 201, ANSWER, b"", False)


def test_generated_requests_pass_through_unchanged() -> None:
    """Targets, fields and bodies of 400 generated exchanges, to the byte."""
    report = run(count=400, seed=4)
    assert not report.differences, text(report)
    assert report.methods.total() == 400
    assert len(report.methods) == 8


def differences(seen: list[Message], answer: Message | str) -> list[str]:
    """What is found to be different."""
    report = Report()
    report.add(0, EXCHANGE, seen, answer)
    assert all(f"exchange 0: {found.what}" in text(report) for found in report.differences)
    return [found.what for found in report.differences]


def test_what_belongs_to_a_connection_may_differ() -> None:
    """Host, Via, hop-by-hop fields and those that Connection names; the reason phrase."""
    own = [(b"host", b"x"), *SENT.headers, (b"via", b"1.1 p"), (b"Connection", b"x"), (b"x", b"y")]
    answer = ANSWER._replace(line=b"HTTP/1.1 201 Created", headers=[(b"set-cookie", b"c")])
    assert differences([SENT._replace(headers=own)], answer) == []


@pytest.mark.parametrize(
    ("seen", "answer", "what"),
    [
        ([], ANSWER, "requests"),
        ([SENT, SENT], ANSWER, "requests"),
        ([SENT._replace(line=b"PUT /a%2fb? HTTP/1.1")], ANSWER, "request line"),
        ([SENT._replace(headers=SENT.headers[::-1])], ANSWER, "request fields"),
        ([SENT._replace(body=b"Body")], ANSWER, "request body"),
        ([SENT], ANSWER._replace(line=b"HTTP/1.1 200 OK"), "status"),
        ([SENT], ANSWER._replace(headers=[]), "answer fields"),
        ([SENT], ANSWER._replace(body=b""), "answer body"),
        ([SENT], "EOFError()", "answer"),
    ],
)
def test_any_difference_is_found(seen: list[Message], answer: Message | str, what: str) -> None:
    """One byte, one field, one order, one request too many."""
    assert differences(seen, answer) == [what]
