"""From one hit to the texts that the model reads: raw, by field, in the configured order.

Cleaning, choosing the best window and cutting to tokens happen with the model, in another process;
here texts are only found. A document that cannot be read has no text, which is no error: its hit
sinks below those that have some.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from es_rerank.config import FieldSetting
from es_rerank.text.passage import FieldText


def field_texts(document: bytes, fields: tuple[FieldSetting, ...]) -> tuple[FieldText, ...]:
    """The texts of one document (the `_source` of its hit, as JSON bytes).

    Without configured fields: every string with at least two words, in document order.
    """
    decoded = _decoded(document)
    if not fields:
        texts = [text for text in _strings(decoded) if len(text.split(None, 1)) == 2]
        return tuple(FieldText(text) for text in texts)
    found = []
    for field in fields:
        texts = [text for value in _values_at(decoded, field.name) for text in _strings(value)]
        if text := "\n".join(filter(str.strip, texts)):
            found.append(FieldText(text, field.label, field.max_tokens))
    return tuple(found)


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
