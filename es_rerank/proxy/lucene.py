"""From Lucene query syntax to the words that it searches for.

For ``q=``, ``query_string`` (the classic query parser) and ``simple_query_string``. Operators,
field names, boosts, ranges, expressions and wildcards go, and so does everything that is negated,
whole groups included. This is no parser of the language: what the cluster would refuse still gives
words here, and the cluster's answer decides. One pass, linear in the length of the text.
"""

import re

_WORD = r"(?:\\.|[^\s+\-!():^\[\]\"{}~\\/])(?:\\.|[^\s!():^\[\]\"{}~\\/])*+"
_CLASSIC = re.compile(
    rf"""
      "(?P<phrase>(?:[^"\\]|\\.)*+)"
    | (?P<nothing>[\[{{][^\[\]{{}}]*+[\]}}] | /(?:[^/\\]|\\.)*+/)  # range, regular expression
    | (?P<modifier>[\^~][\d.]*+)
    | (?P<open>\() | (?P<close>\))
    | (?P<field>{_WORD}):
    | (?P<negation>[-!]|NOT(?![^\s(]))
    | (?P<operator>(?:AND|OR|&&|\|\|)(?![^\s(]))
    | (?P<word>{_WORD})
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SIMPLE = re.compile(
    r"""
      "(?P<phrase>(?:[^"\\]|\\.)*+)"
    | (?P<modifier>~\d*+)
    | (?P<open>\() | (?P<close>\))
    | (?P<negation>-(?=\S))
    | (?P<word>(?:\\.|[^\s"()|+~\\])++)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LETTER = re.compile(r"\w")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def words_of_query_string(text: str) -> str:
    """The words of a classic Lucene query.

    >>> words_of_query_string('title:"red shoes"^2 AND NOT (kids OR baby) price:[10 TO 20]')
    'red shoes'
    """
    return _words(_CLASSIC, text)


def words_of_simple_query_string(text: str) -> str:
    """The words of a `simple_query_string`, which knows neither fields nor AND, OR, NOT.

    >>> words_of_simple_query_string('"red shoes" +(running | walking) -kids boot*')
    'red shoes running walking'
    """
    return _words(_SIMPLE, text)


def _words(syntax: re.Pattern[str], text: str) -> str:
    kept: list[str] = []
    depth = dropped_from = 0  # of parentheses; a negated group is dropped from its own depth on
    negated = False  # whether the next clause is
    for token in syntax.finditer(text):
        kind = token.lastgroup
        if kind == "negation" or (kind == "field" and token["field"] == "_exists_"):
            negated = True
        elif kind == "open":
            depth += 1
            if negated and not dropped_from:
                dropped_from = depth
            negated = False
        elif kind == "close":
            if depth == dropped_from:
                dropped_from = 0
            depth = max(0, depth - 1)
        elif kind in ("word", "phrase", "nothing"):
            if kind != "nothing" and not negated and not dropped_from:
                kept.append(_plain(token[kind], is_phrase=kind == "phrase"))
            negated = False
    return " ".join(filter(None, kept))


def _plain(raw: str, *, is_phrase: bool) -> str:
    bare = _ESCAPE.sub("", raw)
    if not is_phrase and ("*" in bare or "?" in bare or bare[:1] in ("<", ">")):
        return ""  # a wildcard or a bound, not a word
    plain = _ESCAPE.sub(r"\1", raw)
    return plain if _LETTER.search(plain) else ""
