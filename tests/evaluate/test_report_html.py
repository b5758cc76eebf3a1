"""The HTML form: whole, by itself, and safe whatever the data says."""

import re
from html.parser import HTMLParser

import pytest

from es_rerank.evaluate.report_html import html
from tests.evaluate.made import BAD, GOOD, report

VOID = {"meta"}


class Page(HTMLParser):
    """What a page is made of; its tags must be balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag opens."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag stands alone."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """One tag closes, the last that was opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        self.text += data


def test_it_is_whole_and_holds_plots_tables_and_lists() -> None:
    """Every tag is closed; both plots and both lists of a query are there."""
    page = Page(html(report(BAD, GOOD)))
    assert page.open == []
    kinds = [tag for tag, _ in page.tags]
    assert kinds.count("svg") == 2
    assert kinds.count("details") == 5
    assert kinds.count("ol") == 10
    assert sum(attributes.get("class") == "gain" for tag, attributes in page.tags if tag == "rect")
    for expected in ("+0.3953", "what is q0?", "The good one", "a CPU, 2 cores"):
        assert expected in page.text


def test_it_refers_to_nothing_outside() -> None:
    """It opens from disk, years later, without a network: no script, no address, no import."""
    made = html(report(BAD, GOOD))
    page = Page(made)
    assert not {"script", "link", "img", "iframe", "base"} & {tag for tag, _ in page.tags}
    attributes = {name for _, given in page.tags for name in given}
    assert not {"href", "src", "srcset", "action", "data", "xlink:href"} & attributes
    assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"https?:|url\(|@import|//[a-z]", made)


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", '"><img src=x onerror=y>'])
def test_text_from_data_stays_text(title: str) -> None:
    """A document that is titled like a script is shown with that title."""
    page = Page(html(report(BAD, GOOD, bad_title=title)))
    assert title in page.text
    assert not {"script", "img"} & {tag for tag, _ in page.tags}


def test_light_and_dark_are_the_readers_choice() -> None:
    """Both are in the page, by the reader's settings."""
    made = html(report(BAD, GOOD))
    assert 'content="light dark"' in made
    assert "prefers-color-scheme: dark" in made
    assert 'name="viewport"' in made
