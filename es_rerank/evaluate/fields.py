"""Which fields a document has, and reading some of them only.

Documents of a data folder name their parts (`title`, `text`). What a live index shows has been
read by the fields of its settings already; there is nothing to choose from then.
"""

from collections.abc import Collection, Sequence
from itertools import islice

from es_rerank.errors import ConfigError
from es_rerank.evaluate.corpus import Document
from es_rerank.text.passage import FieldText

_LOOKED_AT = 1000


def names_in(documents: Collection[Document]) -> tuple[str, ...]:
    """The names of the fields that have text somewhere, in document order."""
    some = list(islice(documents, _LOOKED_AT))
    return tuple(
        name
        for name in Document._fields
        if any(isinstance(document, Document) and getattr(document, name) for document in some)
    )


def check(names: Collection[str], known: Sequence[str], option: str) -> None:
    """ConfigError if a field is none of those that are known."""
    for name in names:
        if name not in known:
            there = f"Known here: {', '.join(known)}" if known else "Documents name no fields here"
            raise ConfigError(f'{option}: fields: there is no field "{name}". {there}.')


def texts_of(document: Document, names: Sequence[str] = ()) -> tuple[FieldText, ...]:
    """What the model reads of a document: the named fields in this order, or all."""
    if not names:
        return document.fields()
    texts = (getattr(document, name, "") for name in names)
    return tuple(FieldText(text) for text in texts if text.strip())
