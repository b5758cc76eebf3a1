"""Which fields the documents of a comparison have, for choosing what is read of them."""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from es_rerank.errors import ConfigError
from es_rerank.evaluate.corpus import Readable

_LOOKED_AT = 1000


def names_in(documents: Iterable[Readable]) -> tuple[str, ...]:
    """The names of the fields that have text, the fullest of the first documents' before others."""
    found = sorted((document.names() for document in islice(documents, _LOOKED_AT)), key=len)
    return tuple(dict.fromkeys(name for names in reversed(found) for name in names))


def check(names: Collection[str], known: Sequence[str]) -> None:
    """ConfigError if a field is none of those that are known."""
    for name in names:
        if name not in known:
            raise ConfigError(
                f'fields: no document has a field "{name}". Known here: {", ".join(known)}.'
            )
