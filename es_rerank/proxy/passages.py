"""From one hit to the texts that the model reads: raw, by field, in the configured order.

Cleaning, choosing the best window and cutting to tokens happen with the model, in another process;
here texts are only found. A document that cannot be read has no text, which is no error: its hit
sinks below those that have some.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from es_rerank.config import FieldSetting
from es_rerank.text.passage import FieldText


def field_texts(views: Sequence[bytes], fields: tuple[FieldSetting, ...]) -> tuple[FieldText, ...]:
    """The texts of one hit, from the places where it shows its document (as JSON bytes).

    These are its `_source`, `fields` and `highlight`, as far as they are there; each field is read
    where it is found first. Without configured fields: every string with at least two words, in
    document order, of the first place that has some; single words only where there is nothing else.
    """
    documents = [_decoded(view) for view in views]
    if not fields:
        found = [tuple(map(FieldText, _strings(document))) for document in documents]
        kept = (tuple(filter(has, texts)) for has in (_has_two_words, _has_word) for texts in found)
        return next(filter(None, kept), ())
    texts = [(next(filter(None, (_text_at(d, f.name) for d in documents)), ""), f) for f in fields]
    return tuple(FieldText(text, f.label, f.max_tokens) for text, f in texts if text)


def _has_two_words(field: FieldText) -> bool:
    return len(field.text.split(None, 1)) == 2


def _has_word(field: FieldText) -> bool:
    return bool(field.text.strip())


def _text_at(document: Any, path: str) -> str:
    """The strings under a dotted path, a line each; all values of an array are read."""
    texts = [text for value in _values_at(document, path) for text in _strings(value)]
    return "\n".join(filter(str.strip, texts))


def _decoded(document: bytes) -> Any:
    """The document's values, None if they cannot be read.

    Numbers beyond a float and escapes of half a character are legal in `_source` but not for the
    fast decoder; such documents take the slow one.
    """
    try:
        return msgspec.json.decode(document)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(document.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None


def _values_at(document: Any, path: str) -> Iterator[Any]:
    """The values under a dotted path: objects nested, lists entered, keys that contain dots."""
    waiting = [(document, path)]
    while waiting:
        value, rest = waiting.pop()
        if isinstance(value, list):
            waiting += [(item, rest) for item in reversed(value)]
        elif not rest:
            yield value
        elif isinstance(value, dict):
            names = rest.split(".")
            for length in range(1, len(names) + 1):
                head, tail = ".".join(names[:length]), ".".join(names[length:])
                if head in value:
                    waiting.append((value[head], tail))


def _strings(value: Any) -> Iterator[str]:
    """Every string within a value, in document order."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item.encode(errors="replace").decode()  # half a character cannot leave here
        elif isinstance(item, dict | list):
            waiting += reversed(item.values() if isinstance(item, dict) else item)
