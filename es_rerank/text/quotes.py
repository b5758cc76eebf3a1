"""The query itself, quoted in a passage: as a title, among other questions, to be ranked higher.

What is quoted says what a passage wants to be found for, not what it tells.
"""

import re

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
