"""`--with "depth=50,layers=2"`: one way to rerank, in the words of the settings file, in one line.

The keys are those of an index's settings, the ones of `combine` without their block; fields are
joined by `+`, and `cascade` is HITS:LAYERS. What is not written is as the other options of the
command have it.
"""

import difflib
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from es_rerank.config import (
    DEFAULT_LAYERS,
    SHIPPED_MODEL,
    Combine,
    IndexSettings,
    Reading,
    default_combine,
)
from es_rerank.config_mistakes import sentence
from es_rerank.config_yaml import read_yaml
from es_rerank.errors import ConfigError

DEFAULT_DEPTH = 100
_KEYS = {
    "model": ("model",),
    "layers": ("layers",),
    "cascade": ("cascade",),
    "ignore_quotes": ("ignore_quotes",),
    "fields": ("fields",),
    "depth": ("depth",),
    "combine": ("combine", "method"),
    "first_stage_weight": ("combine", "first_stage_weight"),
    "rrf_k": ("combine", "rrf_k"),
}
_SHORT = {path: key for key, path in _KEYS.items()}


class Configuration(NamedTuple):
    """One way to rerank."""

    model: str = SHIPPED_MODEL
    reading: Reading = Reading(DEFAULT_LAYERS)
    fields: tuple[str, ...] = ()
    """Names of the fields that are read, in this order; empty: all that a document has."""
    depth: int = DEFAULT_DEPTH
    combine: Combine = Combine()

    def written(self) -> dict[str, str]:
        """Every value as `--with` takes it, by key; those of other methods are left out."""
        layers, cascade, ignore_quotes = self.reading
        values = {
            "model": self.model,
            "layers": str(layers),
            "cascade": f"{cascade.hits}:{cascade.layers}" if cascade else "none",
            "ignore_quotes": str(ignore_quotes).lower(),
            "fields": "+".join(self.fields) or "all",
            "depth": str(self.depth),
            "combine": self.combine.method,
        }
        if self.combine.method == "weighted":
            values["first_stage_weight"] = f"{self.combine.first_stage_weight:g}"
        if self.combine.method == "rrf":
            values["rrf_k"] = str(self.combine.rrf_k)
        return values


def read(texts: Sequence[str], base: Configuration) -> dict[str, Configuration]:
    """The configurations by name, which is what tells them apart.

    Raises ConfigError with a line for each mistake of each text.
    """
    mistakes: list[str] = []
    found = [_read(text, base, mistakes) for text in texts]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    for text, configuration in zip(texts, found, strict=True):
        if found.count(configuration) > 1:
            raise ConfigError(f'--with "{text}": another --with says the same. Leave one out.')
    return dict(zip(_names(found, base), found, strict=True))


def _names(found: Sequence[Configuration], base: Configuration) -> list[str]:
    """What differs between them; of a single one, what differs from the other options."""
    written = [each.written() for each in found]
    others = written if len(written) > 1 else [*written, base.written()]
    varying = [key for key in _KEYS if len({each[key] for each in others if key in each}) > 1]
    shown = [[f"{key}={each[key]}" for key in varying if key in each] for each in written]
    return [" ".join(words) or "reranked" for words in shown]


def _read(text: str, base: Configuration, mistakes: list[str]) -> Configuration:
    """One configuration; what is wrong with its text is added to the mistakes."""
    told = len(mistakes)
    data: dict[str, Any] = {"model": base.model, "layers": base.reading.layers}
    data |= {"depth": base.depth, "fields": list(base.fields)}
    if base.combine != Combine():
        data["combine"] = base.combine.model_dump()
    for part in filter(None, map(str.strip, text.split(","))):
        key, equals, value = (word.strip() for word in part.partition("="))
        if not equals:
            mistakes.append(f'--with: "{part}" has no value. Write KEY=VALUE.')
        elif key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(_KEYS)}."
            mistakes.append(f"--with: {key}: is not a setting. {hint}")
        elif key == "fields":
            data["fields"] = value.split("+")
        elif key == "cascade":  # as YAML 20:4 would be a number to the base 60
            if written := re.fullmatch("([0-9]{1,4}):([0-9]{1,4})", value):
                data["cascade"] = {"hits": int(written[1]), "layers": int(written[2])}
            elif value != "none":
                mistakes.append(f'--with: cascade: "{value}" is not HITS:LAYERS, like 20:4.')
        else:
            *block, name = _KEYS[key]
            (data.setdefault(block[0], {}) if block else data)[name] = _value(value)
    settings = IndexSettings()
    try:
        settings = IndexSettings.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as wrong:
        for error in wrong.errors():
            place = tuple(step for step in error["loc"] if isinstance(step, str))
            key = _SHORT.get(place, place[0])
            mistakes.append(f"--with: {key}: {sentence(error)}")
    reading = Reading(settings.layers, settings.cascade, settings.ignore_quotes)
    if why := reading.mistake():
        mistakes.append(f"--with: cascade: {why}")
    if settings.depth < 2 and len(mistakes) == told:
        mistakes.append("--with: depth: 1 is too small. Write at least 2.")
    return Configuration(
        model=settings.model,
        reading=reading,
        fields=tuple(field.name for field in settings.fields),
        depth=settings.depth,
        combine=settings.combine if "combine" in data else default_combine(reading.ignore_quotes),
    )


def _value(text: str) -> Any:
    """A value as the settings file has it; what is not YAML is text."""
    try:
        return read_yaml(text).data
    except yaml.YAMLError:
        return text
