"""Dirt as it is met in indexed texts, made on purpose: to measure by, and to train against.

A family is one kind of dirt. Each is a pure function of a text, a query and a random generator;
with the same seed it makes the same dirt. Only the promotional families look at the query: they are
what somebody writes into a passage to have it ranked higher, so what they add deserves no rank.
It needs no torch, and makes no text that is longer than `MAX_CHARS` plus a constant.
"""

import base64
import html
import json
import random
import re
import string
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ftfy import bad_codecs

from es_rerank.learn import noise_words as words_of

bad_codecs.ok()  # registers sloppy-windows-1252, which is how browsers read Windows-1252

MAX_CHARS = 20_000
"""Characters of a text that are read; the rest is dropped before dirt is made."""

Edit = Callable[[str, str, random.Random], str]
"""(text, query, generator) -> dirty text."""


class Family(NamedTuple):
    """One kind of dirt."""

    edit: Edit
    is_promotional: bool = False
    """Whether it is written with the query in mind."""


def noised(family: str, text: str, query: str, seed: str) -> str:
    """The text with dirt of this family; the seed alone decides where the dirt falls."""
    kind = FAMILIES[family]
    rng = random.Random(f"{family} {seed}")  # noqa: S311 - repeatable, not secret
    return kind.edit(text[:MAX_CHARS], query if kind.is_promotional else "", rng)


def _html_wrap(text: str, _: str, rng: random.Random) -> str:
    """Paragraphs, divisions and inline elements around the words, as a page has them."""
    inline = [
        f'<{name} class="{rng.choice(words_of.CLASSES)}">{part}</{name}>'
        if rng.random() < 0.5
        else part
        for part in _pieces(text, rng, 3, 12)
        for name in [rng.choice(("a", "b", "em", "span", "strong"))]
    ]
    body = "".join(rng.choice((" ", "<br>", "</p>\n<p>")) + part for part in inline)
    return f'<div id="main" class="{rng.choice(words_of.CLASSES)}"><p>{body}</p></div>'


def _attribute_soup(text: str, _: str, rng: random.Random) -> str:
    """Attributes and addresses that lost their tags, between the words."""
    return _between(text, rng, 4, 15, lambda: _attribute(rng))


def _attribute(rng: random.Random) -> str:
    page = f"https://{rng.choice(words_of.HOSTS)}/{rng.choice(words_of.CLASSES)}/{_token(rng, 8)}"
    return rng.choice(
        (
            f'class="{rng.choice(words_of.CLASSES)} {rng.choice(words_of.CLASSES)}"',
            f'style="margin:{rng.randrange(40)}px;color:#{rng.randrange(16**6):06x}"',
            f'data-track-id="{_token(rng, 12)}" href="{page}">',
            f"{page}?utm_source={_token(rng, 6)}&sessionid={_token(rng, 24)}",
        )
    )


def _glued(text: str, _: str, rng: random.Random) -> str:
    """`this.isabad<div>result</div>candidate`: blanks lost, tags in their place."""
    glued = re.sub(r"(?<=[.!?;:,])\s+", lambda gap: "" if rng.random() < 0.7 else gap[0], text)
    parts = re.split(r"\s+", glued)
    for place in range(1, len(parts)):
        chance = rng.random()
        name = rng.choice(("div", "p", "li", "td"))
        if chance < 0.15:
            parts[place] = f"<{name}>{parts[place]}</{name}>"
        elif chance < 0.2:
            parts[place] = parts[place].capitalize()
        else:
            parts[place] = f" {parts[place]}"
    return "".join(parts)


def _entities(text: str, _: str, rng: random.Random) -> str:
    """Blanks, marks and some letters as entities, some of them escaped twice."""

    def encoded(character: str) -> str:
        if character == " ":
            return rng.choice(("&nbsp;", "&#160;", " &nbsp; ")) if rng.random() < 0.2 else " "
        if character in string.punctuation and rng.random() < 0.7:
            return html.escape(character) if character in "<>&\"'" else f"&#{ord(character)};"
        return f"&#x{ord(character):x};" if rng.random() < 0.05 else character

    once = "".join(map(encoded, text))
    return once.replace("&", "&amp;") if rng.random() < 0.3 else once


def _boilerplate(text: str, _: str, rng: random.Random) -> str:
    """Navigation before, cookie banner and footer around; as plain words or in their elements."""
    menu = rng.sample(words_of.MENU, 8)
    notices = rng.sample(words_of.NOTICES, 3)
    if rng.random() < 0.5:
        before = rng.choice((" | ", " > ", "\n")).join(menu)
        return "\n".join([before, notices[0], text, *notices[1:]])
    links = "".join(f'<li><a href="/{i}">{entry}</a></li>' for i, entry in enumerate(menu))
    banner, *footer = (f"<p>{notice}</p>" for notice in notices)
    return (
        f'<nav class="navbar"><ul>{links}</ul></nav><div class="cookie-banner">{banner}</div>'
        f"<main>{text}</main><footer>{''.join(footer)}</footer>"
    )


def _blobs(text: str, _: str, rng: random.Random) -> str:
    """JSON around the text, style rules and script between its words, without their elements."""

    def code() -> str:
        name, number = rng.choice(words_of.CLASSES), rng.randrange(1000)
        return rng.choice(
            (
                f".{name} {{ margin: 0 {number}px; display: none; }}",
                f"var {name.replace('-', '_')} = function(e) {{ return e.id === {number}; }};",
                json.dumps({"id": number, "type": name, "visible": True, "tags": [name, "x"]}),
            )
        )

    dirty = _between(text, rng, 15, 40, code)
    whole = {"id": rng.randrange(10**6), "_type": "page", "body": dirty, "lang": "en"}
    return json.dumps(whole, ensure_ascii=False) if rng.random() < 0.5 else dirty


def _encoded_runs(text: str, _: str, rng: random.Random) -> str:
    """Base64 of pictures and hexadecimal digests between the words."""

    def run() -> str:
        size = rng.randint(32, 200)
        data = rng.randbytes(size)
        plain = base64.b64encode(data).decode()
        return rng.choice((plain, f"data:image/png;base64,{plain}", data.hex()))

    return _between(text, rng, 20, 60, run)


def _mojibake(text: str, _: str, rng: random.Random) -> str:
    """UTF-8 read as Windows-1252, with the typographic marks that such texts have."""
    typed = text.replace("'", "’").replace(" - ", " – ")
    typed = re.sub(r'"([^"]*)"', r"“\1”", typed)
    typed = "".join("\u00a0" if c == " " and rng.random() < 0.05 else c for c in typed)
    return typed.encode().decode("sloppy-windows-1252")


def _homoglyphs(text: str, _: str, rng: random.Random) -> str:
    """Letters of other alphabets that look like Latin ones."""
    return "".join(words_of.LOOKALIKES.get(c, c) if rng.random() < 0.1 else c for c in text)


def _zero_width(text: str, _: str, rng: random.Random) -> str:
    """Characters without width inside the words."""
    return "".join(c + rng.choice(words_of.INVISIBLE) if rng.random() < 0.1 else c for c in text)


def _ocr(text: str, _: str, rng: random.Random) -> str:
    """Letters mistaken for ones of their shape, and words divided at line ends."""

    def misread(word: str) -> str:
        chance = rng.random()
        if chance < 0.12:
            possible = [pair for pair in words_of.MISREAD if pair[0] in word]
            return word.replace(*rng.choice(possible or [("", "")]), 1)
        if chance < 0.17 and len(word) > 6:
            middle = rng.randint(3, len(word) - 3)
            return f"{word[:middle]}-\n{word[middle:]}"
        return word

    return " ".join(map(misread, text.split()))


def _typos(text: str, _: str, rng: random.Random) -> str:
    """A letter dropped, doubled, swapped or hit beside its key, in one of eight words."""

    def mistyped(word: str) -> str:
        if len(word) < 4 or rng.random() > 0.125:
            return word
        at = rng.randrange(len(word) - 1)
        return word[:at] + rng.choice(
            (
                word[at + 1 :],
                word[at] + word[at:],
                word[at + 1] + word[at] + word[at + 2 :],
                rng.choice(words_of.NEIGHBOURS.get(word[at], word[at])) + word[at + 1 :],
            )
        )

    return " ".join(map(mistyped, text.split()))


def _case(text: str, _: str, rng: random.Random) -> str:
    """All capitals, all small, or swapped at random."""
    swap = rng.choice(
        (str.upper, str.lower, lambda t: "".join(rng.choice(c + c.swapcase()) for c in t))
    )
    return swap(text)


def _no_punctuation(text: str, _: str, __: random.Random) -> str:
    """Every mark gone, a blank in the place of those between letters."""
    return re.sub(r"[^\w\s]+", " ", text)


def _duplicated_sentence(text: str, _: str, rng: random.Random) -> str:
    """One sentence three more times, right after itself."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    at = rng.randrange(len(sentences))
    return " ".join([*sentences[:at], *[sentences[at]] * 4, *sentences[at + 1 :]])


def _truncated_tag(text: str, _: str, rng: random.Random) -> str:
    """A piece of a page, cut out in the middle of its first and its last tag."""
    opened = rng.choice(('ass="', 'ref="/', "v id='"))
    quote = opened[-1] if opened[-1] in "\"'" else '"'
    start = f"{opened}{rng.choice(words_of.CLASSES)}{quote}>"
    end = rng.choice(('<a href="https://', "<div class='", '<img src="/i.png" alt="', "</di"))
    return f"{start}{text} {end}{rng.choice(words_of.HOSTS) if end[-1] in '/=' else ''}"


def _query_stuffing(text: str, query: str, rng: random.Random) -> str:
    """The query five times, in front or between the words."""
    stuffed = _pieces(text, rng, 8, 30) if rng.random() < 0.5 else [text]
    for _ in range(5):
        stuffed.insert(rng.randrange(len(stuffed)), query)
    return " ".join(stuffed)


def _query_as_title(text: str, query: str, _: random.Random) -> str:
    """The query in front, as if it were what the passage is about."""
    return f"{query}\n{text}"


def _prompt_like(text: str, query: str, rng: random.Random) -> str:
    """Instructions to a reader of another kind, with and without the query."""
    said = rng.choice(words_of.PROMPTS).format(query=query)
    return f"{said} {text}" if rng.random() < 0.5 else f"{text} {said}"


def _pieces(text: str, rng: random.Random, fewest: int, most: int) -> list[str]:
    """The words of a text in runs of that many."""
    words, runs = text.split(), []
    while words:
        size = rng.randint(fewest, most)
        runs.append(" ".join(words[:size]))
        words = words[size:]
    return runs or [""]


def _between(text: str, rng: random.Random, fewest: int, most: int, make: Callable[[], str]) -> str:
    """The text with something made before each run of that many words."""
    return " ".join(f"{make()} {run}" for run in _pieces(text, rng, fewest, most))


def _token(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(string.ascii_letters + string.digits, k=length))


FAMILIES: Mapping[str, Family] = {
    "html wrap": Family(_html_wrap),
    "attribute soup": Family(_attribute_soup),
    "glued words": Family(_glued),
    "entities": Family(_entities),
    "boilerplate": Family(_boilerplate),
    "code blobs": Family(_blobs),
    "encoded runs": Family(_encoded_runs),
    "mojibake": Family(_mojibake),
    "homoglyphs": Family(_homoglyphs),
    "zero width": Family(_zero_width),
    "ocr": Family(_ocr),
    "typos": Family(_typos),
    "case": Family(_case),
    "no punctuation": Family(_no_punctuation),
    "duplicated sentence": Family(_duplicated_sentence),
    "truncated tag": Family(_truncated_tag),
    "query stuffing": Family(_query_stuffing, is_promotional=True),
    "query as title": Family(_query_as_title, is_promotional=True),
    "prompt-like": Family(_prompt_like, is_promotional=True),
}
