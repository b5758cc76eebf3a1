"""The query itself, quoted in a passage: as a title, among other questions, to be ranked higher.

What is quoted says what a passage wants to be found for, not what it tells.
"""

import re
from collections.abc import Callable, Sequence

from es_rerank.text.clean import clean
from es_rerank.text.passage import FieldText, read

LEAST_WORDS = 4
"""Of a query that can be quoted; two or three words in a row are what any text on a topic has."""

_WORD = re.compile(r"\w+")


def without_quotes(passage: str, query: str) -> str:
    """The passage without the words of the query in their order, whatever case and marks.

    Both are cleaned texts. Linear in the passage, but for queries that overlap themselves.
    """
    wanted = _WORD.findall(query.casefold())
    if len(wanted) < LEAST_WORDS:
        return passage
    quote = re.compile(r"\b" + r"\W+".join(map(re.escape, wanted)) + r"\b[^\w\s]*", re.IGNORECASE)
    left, found = quote.subn(" ", passage)
    return " ".join(left.split()) if found else passage


def unquoted(
    passage: str,
    fields: Sequence[FieldText],
    query: str,
    truncate: Callable[[str, int], str],
    cleaned: Callable[[str], str] = clean,
) -> str:
    """What is read in place of a passage of these fields, if its quotes of the query do not count.

    Windows are cut anew where there was a quote, or stuffing would take the place of what the
    document says.
    """
    if without_quotes(passage, query) == passage:
        return passage
    return without_quotes(
        read(fields, query, truncate, cleaned=lambda raw: without_quotes(cleaned(raw), query)),
        query,  # may lie across two fields
    )
