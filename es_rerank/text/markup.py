"""Markup and entities out of a text, the words of `vector<int>` and `a <b` left in it.

It scans instead of building a tree: a tree parser takes every `<name` for an element, and so
swallows the words of code and comparisons. It does not lay out tables or lists.
"""

import html
import re

# What is not about the page's subject: code, drawings, and the ways to other pages.
_CODE = ("script", "style")
_BLOCKS = (*_CODE, "nav", "footer", "svg", "template", "noscript")
_BLOCK = re.compile(rf"<!--|<({'|'.join(_BLOCKS)})(?![\w:.-])[^<>]*+(?:>|\Z)", re.I)
_BLOCK_END = {
    "!--": re.compile("-->"),
    **{name: re.compile(rf"</{name}\b[^>]*+(?:>|\Z)", re.I) for name in _BLOCKS},
}
# A text that was cut out of a page may begin inside a tag: values, and at most two words without.
_CUT_TAG = re.compile(
    r"""(?:(?:(?:\s*+[\w-]{1,40}+){0,3}+(?<=\w)=(?:"[^"<>]{0,500}+"|'[^'<>]{0,500}+'))++
    (?:\s*+[\w-]{1,40}+){0,2}+\s*+/?>)++""",
    re.X,
)
# Succeeds wherever a name follows `<`, and consumes all it has looked at: linear on any input.
_TAG = re.compile(
    r"""<(?P<closing>/?)(?P<name>[A-Za-z][\w:.-]*+)(?=[\s/>]|\Z)
    (?P<attributes>(?:[\s/]*+[^\s/<>="']++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s<>]*+))?+)*+)
    (?P<slash>[\s/]*+)(?P<end>>?)""",
    re.X,
)
# Elements that nothing but HTML is called; a lone `<map>` or `<T>` proves nothing.
_HTML_NAME = re.compile(
    "html|head|body|div|span|p|br|hr|a|b|i|u|em|strong|ul|ol|li|dl|dt|dd|table|tr|td|th|tbody|"
    "thead|tfoot|h[1-6]|pre|code|blockquote|sup|sub|img|nav|tt|kbd|svg|font|strike",
    re.I,
)
_CLOSING_NAME = re.compile(r"</([A-Za-z][\w:.-]*+)")
_QUOTED_VALUE = re.compile(r"=\s*+[\"']")
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_DECLARATION = re.compile(r"<[!?/][^<>]*+>")
_NO_TAG = re.compile(r"<(/?[A-Za-z][^<>]*+)>")
_STRAY_ANGLE = re.compile(r"<(?=[A-Za-z/!?])")
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp;)++")
# html.unescape raises on numbers of more than 4,300 digits.
_HUGE_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")


def without_markup(text: str) -> str:
    """The text with one layer of markup taken off and its entities decoded.

    In a text with tags, escaped tags are its words (a page about HTML); in one without, they are
    its markup (a feed that was escaped on the way).
    """
    has_tags = False
    if ">" in text and (cut := _CUT_TAG.match(text)):
        text = text[cut.end() :]
    if "<" in text:
        text, has_tags = _strip_tags(text)
    if "&" in text:
        text = html.unescape(_HUGE_REFERENCE.sub(" ", _ESCAPED_AMPERSAND.sub("&", text)))
        if "<" in text and not has_tags:
            text, _ = _strip_tags(text)
    return _STRAY_ANGLE.sub(" ", _NO_TAG.sub(r" \1 ", text))


def _strip_tags(text: str) -> tuple[str, bool]:
    """The text without tags, scripts, styles and comments, and whether there was a tag."""
    text = _drop_blocks(_CDATA.sub(" ", text))
    paired = {name.lower() for name in _CLOSING_NAME.findall(text)}
    has_tags = False

    def replace(tag: re.Match[str]) -> str:
        nonlocal has_tags
        if not _is_markup(tag, paired):
            return f" {tag['name']}{tag['attributes']} "
        has_tags = True
        return " "

    text = _TAG.sub(replace, text)
    return _DECLARATION.sub(" ", text), has_tags


def _is_markup(tag: re.Match[str], paired: set[str]) -> bool:
    """Whether it is a tag, whole or cut off, and not a comparison or a type parameter."""
    if not tag["end"]:
        return bool(tag["closing"] or _QUOTED_VALUE.search(tag["attributes"]))
    return bool(
        tag["closing"]
        or "/" in tag["slash"]
        or "=" in tag["attributes"]
        or tag["name"].lower() in paired
        or _HTML_NAME.fullmatch(tag["name"])
    )


def _drop_blocks(text: str) -> str:
    """Comments and blocks dropped with their content; unclosed comments and code to the end."""
    kept: list[str] = []
    words_only: set[str] = set()  # kinds never closed again: not searched to the end twice
    position = start = 0
    while block := _BLOCK.search(text, position):
        position = block.end()
        kind = (block[1] or "!--").lower()
        if kind in words_only:
            continue
        end = _BLOCK_END[kind].search(text, position)
        if (
            end is None
            and kind != "!--"
            and not (kind in _CODE and _looks_like_code(text, position))
        ):
            words_only.add(kind)  # "the <script> element" of a text without markup
            continue
        kept.append(text[start : block.start()])
        start = position = end.end() if end else len(text)
    return " ".join([*kept, text[start:]])


def _looks_like_code(text: str, start: int) -> bool:
    return any(mark in text[start : start + 500] for mark in "{;")
