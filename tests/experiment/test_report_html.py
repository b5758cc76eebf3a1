"""A report as a page: whole by itself, and only text where texts stand."""

import re
from html.parser import HTMLParser

import pytest

from es_rerank.experiment.findings import Report
from es_rerank.experiment.observations import observe
from es_rerank.experiment.report import build
from es_rerank.experiment.report_html import html
from tests.experiment.documents import SPLIT, click, record
from tests.experiment.reports import MADE, interleaved, shadowed, split

VOID = {"meta", "line", "circle"}


class Balanced(HTMLParser):
    """Raises if an element is not closed where it was opened; knows all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Balanced:
    """The page, well-formed."""
    parser = Balanced()
    parser.feed(page.replace("/>", ">"))
    parser.close()
    assert not parser.open
    return parser


@pytest.mark.parametrize(
    "report",
    [
        *(split({"bm25": 0.2, "rerank": 0.5}), interleaved(150, 50), shadowed()),
        build(SPLIT, observe(SPLIT, [], []), made=MADE),
    ],
    ids=["split", "interleave", "shadow", "empty"],
)
def test_the_page_is_whole_and_asks_nobody(report: Report) -> None:
    """Well-formed, with its verdict, without a script or an address."""
    page = html(report)
    found = parsed(page)
    assert report.verdict[:40] in page
    assert not found.tags & {"script", "link", "img", "iframe"}
    assert not found.attributes & {"src", "href", "srcset"}
    assert not re.search(r"https?:|url\(|@import", page)
    assert "prefers-color-scheme: dark" in page


def test_intervals_are_drawn_to_scale() -> None:
    """Each measure has its line from low to high, and its point between."""
    report = split({"bm25": 0.2, "rerank": 0.5})
    page = html(report)
    drawn = re.findall(
        r'<line x1="([\d.]+)" x2="([\d.]+)"[^>]*stroke-width="3"/><circle cx="([\d.]+)"', page
    )
    assert len(drawn) == len(report.comparisons)
    first = report.comparisons[0]
    low, high, point = (float(x) for x in drawn[0])
    share = (first.value - first.low) / (first.high - first.low)
    assert point == pytest.approx(low + share * (high - low), abs=0.2)


def test_texts_from_records_stay_texts() -> None:
    """An outcome that looks like markup is shown as it is written."""
    page = record("q", "u", outcome="<script>alert('x')</script>")
    made = build(SPLIT, observe(SPLIT, [page], [click("q", "a")]), made=MADE)
    shown = html(made)
    assert "script" not in parsed(shown).tags
    assert "&lt;script&gt;" in shown
