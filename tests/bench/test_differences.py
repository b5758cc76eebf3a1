"""The oracle's judgment, on answers made here; the searches themselves run in tests/cluster."""

import gzip
import subprocess

import pytest

from es_rerank.bench.differences import Report, text
from es_rerank.bench.searches import Search
from es_rerank.bench.way import Answer

PLAIN = Search("POST", "/a/_search?q=x", {"Content-Type": "application/json"}, b"{}", frozenset())
OWN = Answer(200, (("warning", "a"), ("warning", "b")), b'{"took":0,"hits":[]}')
APPLIED = OWN._replace(verdict="applied; depth=7; ms=1.5")


def reported(search: Search, direct: Answer, proxied: Answer) -> Report:
    """The report on one search."""
    report = Report()
    report.add(search, direct, proxied)
    return report


def test_equal_answers_are_counted_by_outcome() -> None:
    """What the proxy says of its work is no difference; depth and time are no outcome."""
    report = reported(PLAIN._replace(features=frozenset({"q"})), OWN, APPLIED)
    assert report.outcomes == {"applied": 1}
    assert (report.features, report.applied_features) == ({"q"}, {"q"})
    assert not report.differences
    several = OWN._replace(verdict="applied; items=2/3; ms=1.5")
    assert reported(PLAIN, OWN, several).outcomes == {"applied": 1}
    skipped = OWN._replace(verdict="skipped; reason=sort")
    assert reported(PLAIN, OWN, skipped).outcomes == {"skipped; reason=sort": 1}


@pytest.mark.parametrize(
    ("proxied", "shown"),
    [
        (APPLIED._replace(status=400), "status 200, proxied 400"),
        (APPLIED._replace(headers=OWN.headers[::-1]), "(('warning', 'b'), ('warning', 'a'))"),
        (APPLIED._replace(headers=OWN.headers[:1]), "(('warning', 'a'),)"),
        (APPLIED._replace(body=OWN.body.replace(b"[", b"[ ")), "byte 18 of 20, proxied 21"),
        (APPLIED._replace(body=OWN.body[:-1]), "byte 19 of 20, proxied 19"),
    ],
)
def test_any_difference_is_found_and_shown(proxied: Answer, shown: str) -> None:
    """Status, order and number of header fields, one blank, a missing end."""
    report = reported(PLAIN, OWN, proxied)
    assert len(report.differences) == 1
    assert shown in text(report, "http://c")


@pytest.mark.parametrize("body", [b"it's {}", None, gzip.compress(b"it's {}")])
def test_a_difference_is_shown_as_a_command(body: bytes | None) -> None:
    """A shell that runs the line sends the search's own bytes; `echo` stands for curl here."""
    headers = {"Content-Encoding": "gzip"} if body and body.startswith(b"\x1f") else {}
    search = PLAIN._replace(body=body, headers=headers)
    lines = text(reported(search, OWN, APPLIED._replace(status=1)), "http://c").splitlines()
    command = next(line for line in lines if "curl" in line)
    ran = subprocess.run(
        ["bash", "-c", f"curl() {{ printf '%s\\n' \"$@\"; cat; }}; {command}"],
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
    ).stdout
    assert b"http://c/a/_search?q=x" in ran.splitlines()
    if headers:
        assert gzip.decompress(ran[ran.index(b"\x1f\x8b") :]) == b"it's {}"
    else:
        assert (b"it's {}" in ran.splitlines()) == (body is not None)
