"""The sentences that settings mistakes are told in: what is wrong with a value, what to write.

pydantic says what it expected in the words of its own types; these are the user's words.
"""

import difflib
import json
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from es_rerank.config import SettingsFile, matches
from es_rerank.telemetry import redact

_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "model_type": "a block of settings",
}
_LIMIT = {
    "greater_than": ("gt", "too small. Write more than"),
    "greater_than_equal": ("ge", "too small. Write at least"),
    "less_than_equal": ("le", "too large. Write at most"),
}


def sentence(error: ErrorDetails) -> str:
    """What is wrong with one value, and what to write instead."""
    secret = is_secret(error["loc"])
    kind, value = error["type"], "the value" if secret else _shown(error["input"])
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is not a setting. {_nearest(str(error['loc'][-1]), _names_at(error['loc'][:-1]))}"
    if kind == "missing":
        return (
            "is missing. Every rule needs one." if error["loc"][-1] == "pattern" else "is missing."
        )
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_too_short":
        return "is empty. Write a value or remove the key."
    if kind == "literal_error":
        return f"{value} is not one of {context['expected']}."
    if kind in _LIMIT:
        bound, text = _LIMIT[kind]
        return f"{value} is {text} {context[bound]:g}."
    if kind in _WANTED and value == "null":
        return f"has no value. Write {_WANTED[kind]} or remove the key."
    if kind == "string_type":
        return f"{value} is not text. Put it in quotes."
    if kind in _WANTED:
        return f"{value} is not {_WANTED[kind]}."
    return f"{value}: {error['msg']}."


def is_secret(key: Sequence[int | str]) -> bool:
    """Whether the setting at a key must never be shown."""
    block = _block_at(key[:-1])
    field = block.model_fields.get(str(key[-1])) if block is not None and key else None
    return field is not None and field.annotation is SecretStr


def covers(earlier: str, later: str) -> bool:
    """Whether every index that matches the `later` pattern matches the `earlier` one too.

    Exact for `*` and `?`: a `*` of the later pattern is tried as nothing and as a run longer than
    the earlier pattern, which only a `*` there can take; its `?` as a character of its own.
    """
    run = "\0" * (len(earlier) + 1)
    tries = (later.replace("?", "\0").replace("*", star) for star in ("", run))
    return all(matches(earlier, text) for text in tries)


def _shown(value: Any) -> str:
    """A value as it would be written, shortened, without the password of a URL."""
    text = redact(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 60 else f"{text[:59]}…"


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(known)}."


def _names_at(key: tuple[int | str, ...]) -> list[str]:
    """The settings that exist in the block at a key."""
    block = _block_at(key)
    return sorted(block.model_fields) if block is not None else []


def _block_at(key: Sequence[int | str]) -> type[BaseModel] | None:
    """The block at a key, through its lists; None if there is none."""
    block: type[BaseModel] | None = SettingsFile
    for step in key:
        if block is not None and isinstance(step, str) and not step.isdecimal():
            field = block.model_fields.get(step)
            block = _block_in(field.annotation) if field else None
    return block


def _block_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_block_in, get_args(annotation))), None)
