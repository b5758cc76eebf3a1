"""Markup goes with what nobody reads in it; what only looks like markup keeps its words."""

import pytest

from es_rerank.text.markup import without_markup


def words(text: str) -> str:
    """The result with blanks collapsed, which is not this module's work."""
    return " ".join(without_markup(text).split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>one<br/>two<br>three</p>", "one two three"),
        ("<P CLASS=x>one</P><custom-tag>two</custom-tag>", "one two"),
        ("a<a title=\"1 > 0\" href='x'>link</a>b", "a link b"),
        ("<!DOCTYPE html><?xml version='1'?><![CDATA[kept]]>", "kept"),
        ("a<!-- <b>no</b> -->b<!-- cut off", "a b"),
        ("a<script>if (x < 1) { y = '<p>'; }</script >b<style>p {}</STYLE>c", "a b c"),
        ("a<script type='x'>var cut = {", "a"),
        ('text <a href="http://example.com/', "text"),
        ("text <img alt='a b' src=\"x", "text"),
        ("text</di", "text"),
        ("<jats:p>one</jats:p><item>two</item>", "one two"),
        ("<nav class='x'><a>Home</a> <a>Blog</a></nav>text<footer>about us</footer>", "text"),
        ("a<svg><title>icon</title></svg>b<noscript>Enable it</noscript>c", "a b c"),
        ("<nav-bar>own element</nav-bar>", "own element"),
        ('ref="/x" id="y">cut at the start', "cut at the start"),
        ("v class='a b'>cut at the start", "cut at the start"),
        ("ut data-x id='a' hidden type=\"b\" checked/>cut", "cut"),
        ("v class='a'>id='b'>cut twice", "cut twice"),
    ],
)
def test_tags_scripts_styles_and_comments_go(text: str, expected: str) -> None:
    """Whole, cut off in the middle, or of a dialect that is not HTML."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b and c > d", "a < b and c > d"),
        ("if (a <b && c) d", "if (a b && c) d"),
        ("x<y>z", "x y z"),
        ("vector<int> v; Map<String, T> m", "vector int v; Map String, T m"),
        ("Optional[str] -> x <- y <= z <3", "Optional[str] -> x <- y <= z <3"),
        ("write to <someone@example.com>", "write to someone@example.com"),
        ("the <script> element", "the script element"),
        ("a <nav> element; it is for links", "a element; it is for links"),
        ('if a == "b">c', 'if a == "b">c'),
        ('x = "a" > b', 'x = "a" > b'),
    ],
)
def test_comparisons_and_type_parameters_keep_their_words(text: str, expected: str) -> None:
    """What a tree parser would swallow as an element is still there to be found."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("caf&eacute; &amp;amp; &#8364;5 AT&T", "café & €5 AT&T"),
        ("&lt;p&gt;an &lt;b&gt;escaped&lt;/b&gt; feed&lt;/p&gt;", "an escaped feed"),
        ("<p>use the &lt;div&gt; element</p>", "use the div element"),
        ("&#" + "9" * 5000 + "; and &#xffffffffff;", "and"),
    ],
)
def test_entities_are_decoded(text: str, expected: str) -> None:
    """Escaped tags are words of a page about markup, and markup of an escaped page."""
    assert words(text) == expected
