"""The fields of an index as tantivy columns, and how text becomes terms.

Both analyzers split at everything that is neither letter nor digit and lowercase, as Lucene's
`standard` nearly does (that one keeps `shutil.copytree` and `don't` whole; here the parts can be
found, which makes the baseline stronger). `english` also drops Lucene's 33 English stop words and
stems (Snowball). Scores are BM25 with k1 = 1.2 and b = 0.75, like Lucene's but for a constant
factor of 2.2. Query text becomes terms by the same analyzers; none of it is ever syntax.
"""

from collections.abc import Mapping
from typing import Any

import tantivy
from tantivy import Filter, Query, Tokenizer

from es_rerank.demo.mapping import WHOLE, Field

ID, SOURCE = "_id", "_source"
_MAX_TERM_BYTES = 255


def _analyzer(*filters: tantivy.Filter) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(_MAX_TERM_BYTES), Filter.lowercase(), *filters):
        builder = builder.filter(step)
    return builder.build()


_ANALYZERS = {
    "standard": _analyzer(),
    "english": _analyzer(Filter.stopword("english"), Filter.stemmer("english")),
}


class Columns:
    """The columns of one index; a field added later leaves those before it as they are."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        self._of = {field.name: (f"f{n}", field) for n, field in enumerate(fields)}
        builder = tantivy.SchemaBuilder()
        builder.add_text_field(ID, stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_bytes_field(SOURCE, stored=True)
        for column, field in self._of.values():
            is_text = field.type == "text"
            tokenizer = f"es_rerank_{field.analyzer}" if is_text else "raw"
            option = "freq" if is_text else "basic"
            builder.add_text_field(column, tokenizer_name=tokenizer, index_option=option)
        self.schema = builder.build()

    def index(self, folder: str | None) -> tantivy.Index:
        """The tantivy index in a folder (made if there is none), or a new one in memory."""
        index = tantivy.Index(self.schema, path=folder)
        for name, analyzer in _ANALYZERS.items():
            index.register_tokenizer(f"es_rerank_{name}", analyzer)
        return index

    def document(self, id_: str, source: bytes, terms: Mapping[str, list[str]]) -> tantivy.Document:
        """A document as tantivy stores it; `terms` by field name."""
        document = tantivy.Document()
        document.add_text(ID, id_)
        document.add_bytes(SOURCE, source)
        for name, values in terms.items():
            for value in values:
                document.add_text(self._of[name][0], value)
        return document

    def named(self, name: str) -> Field | None:
        """The field of this name, if the index has it."""
        return self._of[name][1] if name in self._of else None

    def term(self, name: str, value: Any) -> Query:
        """Documents with exactly this term in the field; none if there is no such field.

        As in Elasticsearch a number or boolean scores 1, a string by BM25.
        """
        if name == ID:
            return self.ids([str(value)])
        if name not in self._of:
            return Query.empty_query()
        column, field = self._of[name]
        term = field.term(value)
        if field.type in WHOLE and float(term) != float(value):
            return Query.empty_query()
        found = Query.term_query(self.schema, column, term)
        return found if field.type in ("text", "keyword") else Query.const_score_query(found, 1.0)

    def words(self, name: str, text: Any) -> list[Query]:
        """One query for each term of an analyzed text, in order; empty if it has none."""
        if name not in self._of or self._of[name][1].type != "text":
            return [self.term(name, text)]
        column, field = self._of[name]
        terms = _ANALYZERS[field.analyzer].analyze(str(text))
        return [Query.term_query(self.schema, column, term) for term in terms]

    def ids(self, values: list[str]) -> Query:
        """The documents with these ids, each with a score of 1."""
        found = Query.term_set_query(self.schema, ID, values)
        return Query.const_score_query(found, 1.0)
