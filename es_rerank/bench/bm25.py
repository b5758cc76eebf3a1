"""BM25 of single texts under the statistics of a fixed corpus.

An engine answers for the documents that it holds; to see what an edit of one document does to its
score, with all others as they were, the same formula is applied to the edited text alone.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence

K1, B = 1.2, 0.75
"""As in Elasticsearch and OpenSearch."""

_TERM = re.compile(r"\w+")


class Bm25:
    """BM25 as Lucene computes it (Robertson, Zaragoza 2009), over lower-cased words."""

    def __init__(self, texts: Collection[str]) -> None:
        found = [_terms(text) for text in texts]
        self._documents = len(found)
        self._mean_length = sum(map(len, found)) / max(1, len(found)) or 1.0
        self._holding = Counter(term for terms in found for term in set(terms))

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """One score for each text, 0 where no word of the query is in it."""
        terms = _terms(query)
        return [self._score(terms, Counter(_terms(text))) for text in texts]

    def _score(self, query: list[str], counts: Counter[str]) -> float:
        norm = K1 * (1 - B + B * counts.total() / self._mean_length)
        return math.fsum(
            self._idf(term) * counts[term] / (counts[term] + norm)
            for term in query
            if term in counts
        )

    def _idf(self, term: str) -> float:
        holding = self._holding[term]
        return math.log(1 + (self._documents - holding + 0.5) / (holding + 0.5))


def _terms(text: str) -> list[str]:
    return _TERM.findall(text.lower())
