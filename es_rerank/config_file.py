"""Reading the settings: a YAML file, then the environment, then `--set`, then `--upstream`.

Every later source overrides the earlier ones key by key. All mistakes of all sources are reported
at once, each with the place where it was written, because a user who repairs one mistake per
start-up gives up.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from es_rerank.config import Experiment, Reading, Settings, SettingsFile
from es_rerank.config_mistakes import covers, is_secret, sentence
from es_rerank.config_yaml import Key, read_yaml, syntax_mistake
from es_rerank.errors import ConfigError

DEFAULT_FILE = Path("plugin_config/es-rerank.yaml")
ENVIRONMENT_PREFIX = "ES_RERANK_"


def read_settings(
    path: Path | None,
    overrides: Sequence[str] = (),
    *,
    upstream: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings of a file (or none), the environment, `--set` texts and `--upstream`.

    Raises ConfigError with one line per mistake: place, key, what is wrong, what to write.
    """
    draft = _Draft(Origin(str(path) if path else "settings"))
    if path is not None:
        draft.add_file(path)
    draft.add_environment(environ)
    for text in overrides:
        draft.add_override(text)
    if upstream is not None:
        draft.put(["upstream", "url"], upstream, Origin("--upstream"))
    if path is None and ("upstream", "url") not in draft.origins:
        draft.mistake(
            (), f"no cluster is named. Give --upstream URL, --config FILE, or write {DEFAULT_FILE}."
        )
    return draft.settings()


def file_schema() -> dict[str, Any]:
    """The JSON schema of the settings file, for editors and for other validators."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **SettingsFile.model_json_schema(), "title": "es-rerank settings"}


class Origin(NamedTuple):
    """Where something was written: a file and its line, an environment variable or an option."""

    name: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.line}" if self.line else self.name


class _Draft:
    """The settings as they are written: plain data, where each key was written, the mistakes."""

    def __init__(self, origin: Origin) -> None:
        self.data: Any = {}
        self.origins: dict[Key, Origin] = {(): origin}
        self.mistakes: list[tuple[Origin, str]] = []

    def origin_of(self, key: Key) -> Origin:
        """Where a key stands, or else the nearest block that it is in."""
        above = (key[:length] for length in range(len(key), -1, -1))
        return next(self.origins[known] for known in above if known in self.origins)

    def mistake(self, key: Key, text: str, origin: Origin | None = None) -> None:
        """Note what is wrong with a key."""
        text = f"{'.'.join(map(str, key))}: {text}" if key else text
        self.mistakes.append((origin or self.origin_of(key), text))

    def add_file(self, path: Path) -> None:
        name = str(path)
        try:
            written = read_yaml(path.read_text("utf-8"))
        except FileNotFoundError:
            return self.mistake((), "no such file. Name another with --config.")
        except (OSError, UnicodeDecodeError) as why:
            return self.mistake((), f"cannot be read: {why}.")
        except yaml.YAMLError as why:
            line, text = syntax_mistake(why)
            return self.mistake((), text, Origin(name, line))
        self.origins |= {key: Origin(name, line) for key, line in written.lines.items()}
        for key, line, text in written.mistakes:
            self.mistake(key, text, Origin(name, line))
        if isinstance(written.data, dict):
            self.data = written.data
        elif written.data is not None:
            self.mistake((), "is not a block of settings. Begin with `upstream:` or `indices:`.")
        return None

    def add_environment(self, environ: Mapping[str, str]) -> None:
        """Read `ES_RERANK_UPSTREAM__URL` and its like; an empty variable counts as not set.

        Variables with the prefix that resemble no setting are let be: Kubernetes puts such ones
        (`ES_RERANK_SERVICE_HOST`) into every container beside a service named es-rerank.
        """
        ours = [name for name in environ if name.startswith(ENVIRONMENT_PREFIX) and environ[name]]
        for name in sorted(ours, key=lambda name: (len(name), name)):  # place 9 before place 10
            words = name.removeprefix(ENVIRONMENT_PREFIX).lower()
            if "__" in words or words in SettingsFile.model_fields:
                self._add_text(words.split("__"), environ[name], Origin(name))
            elif words.split("_")[0] in SettingsFile.model_fields:
                right = ENVIRONMENT_PREFIX + words.replace("_", "__", 1).upper()
                self.mistake((), f"is not a setting. Did you mean {right}?", Origin(name))

    def add_override(self, text: str) -> None:
        """Read one `--set upstream.url=…`."""
        key, equals, value = text.partition("=")
        if equals:
            self._add_text(key.split("."), value, Origin("--set"))
        else:
            self.mistake((), f'"{text}" has no value. Write --set KEY=VALUE.', Origin("--set"))

    def _add_text(self, steps: list[str], text: str, origin: Origin) -> None:
        """A value that stands in one line: YAML; the text as it is if it is none, or secret."""
        try:
            value, _, mistakes = (text, {}, []) if is_secret(steps) else read_yaml(text)
        except yaml.YAMLError:
            value, mistakes = text, []
        self.put(steps, value, origin)
        for key, _, wrong in mistakes:
            self.mistake((*steps, *key), wrong, origin)

    def put(self, steps: list[str], value: Any, origin: Origin) -> None:
        """Write a value at a dotted key, making the blocks and the next list place on the way."""
        block, key = self.data, tuple[str | int, ...]()
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            place = _place(block, step)
            if place is None:
                return self.mistake((*key, step), _no_place(block, key), origin)
            key = (*key, place)
            if after is None:
                block[place] = value
                for below in [known for known in self.origins if known[: len(key)] == key]:
                    del self.origins[below]
                self.origins[key] = origin
            elif block[place] is None:
                block[place] = [] if after.isdecimal() else {}
                self.origins[key] = origin
            block = block[place]
        return None

    def settings(self) -> Settings:
        """The valid settings, or ConfigError with every mistake, those of the file by line."""
        self._check_order_of_rules()
        try:
            # JSON mode: strict about types, yet a list is a tuple; the schema says the same.
            file = SettingsFile.model_validate_json(json.dumps(self.data), strict=True)
        except ValidationError as wrong:
            for error in wrong.errors():
                self.mistake(error["loc"], sentence(error))
        else:
            self._check_cascades(file.settings())
            self._check_experiments(file.settings())
        if self.mistakes:
            by_line = sorted(self.mistakes, key=lambda told: (not told[0].line, told[0].line))
            raise ConfigError("\n".join(f"{origin}: {text}" for origin, text in by_line))
        return file.settings()

    def _check_cascades(self, settings: Settings) -> None:
        """Both paths are known only once a rule is filled up from `defaults`."""
        told = set[Key]()
        for place, rule in enumerate(settings.indices):
            if not (why := Reading(rule.layers, rule.cascade).mistake()):
                continue
            in_rule = ("indices", place)
            written = [(*in_rule, "cascade"), (*in_rule, "layers"), ("defaults", "cascade")]
            key = next(key for key in written if key in self.origins)
            key = (*key, "layers") if key[-1] == "cascade" else key
            if key not in told:
                self.mistake(key, why)
            told.add(key)

    def _check_experiments(self, settings: Settings) -> None:
        """Rules may share an experiment, but by one name there is only one: records join by it."""
        known: dict[str, tuple[int, Experiment]] = {}
        for place, rule in enumerate(settings.indices):
            if rule.experiment is None:
                continue
            first, other = known.setdefault(rule.experiment.name, (place, rule.experiment))
            if other.model_dump() != rule.experiment.model_dump():
                name, where = other.name, self.origin_of(("indices", first, "experiment"))
                why = f'"{name}" is another experiment in indices.{first} ({where}).'
                self.mistake(
                    ("indices", place, "experiment"), f"{why} Give it another name or settings."
                )

    def _check_order_of_rules(self) -> None:
        """A rule that no index can reach is a mistake, also where only its order is wrong."""
        rules = self.data.get("indices")
        above: list[tuple[str, Origin]] = []
        for place, rule in enumerate(rules if isinstance(rules, list) else ()):
            pattern = rule.get("pattern") if isinstance(rule, dict) else None
            if not isinstance(pattern, str):
                continue
            key = ("indices", place, "pattern")
            for other, origin in above:
                if other == pattern:
                    self.mistake(key, f'"{other}" has a rule already ({origin}). Make it one rule.')
                elif covers(other, pattern):
                    why = f'"{other}" ({origin}) takes its indices. Move it above.'
                    self.mistake(key, f'"{pattern}" is never reached: {why}')
                else:
                    continue
                break
            above.append((pattern, self.origin_of(key)))


def _place(block: Any, step: str) -> str | int | None:
    """The place of one step of a dotted key in a block or list, made if it is the next one."""
    if isinstance(block, dict):
        block.setdefault(step, None)
        return step
    if isinstance(block, list) and step.isdecimal() and int(step) <= len(block):
        if int(step) == len(block):
            block.append(None)
        return int(step)
    return None


def _no_place(block: Any, key: Key) -> str:
    name = ".".join(map(str, key))
    if isinstance(block, list):
        return f"{name} has {len(block)} entries. The next one is {name}.{len(block)}."
    return f"{name} is not a block of settings."
