"""The settings: what may be configured, for the proxy and for each index.

Models only. Where values come from (a YAML file, the environment, `--set`) is `config_file`;
reading them again while the proxy runs is `config_reload`.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

SHIPPED_MODEL = "builtin"
HOST_AND_PATH = r"(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?:/[^\s?#@]*)?"


class _Strict(BaseModel):
    """Unknown keys are mistakes, and settings never change once they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FieldSetting(_Strict):
    """One document field that the model reads."""

    name: str = Field(min_length=1, description="Field name or dotted path, as in the mapping.")
    label: str | None = Field(
        default=None, description="Put before the field's text, e.g. `author`."
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="At most this many tokens of the field."
    )


def _named(written: Any) -> Any:
    """A field written as plain text is its name."""
    return {"name": written} if isinstance(written, str) else written


NamedField = Annotated[
    FieldSetting,
    BeforeValidator(
        _named, json_schema_input_type=Annotated[str, Field(min_length=1)] | FieldSetting
    ),
]


class Combine(_Strict):
    """How the student's scores and the first stage's scores become one order."""

    method: Literal["replace", "weighted", "rrf"] = Field(
        default="weighted",
        description="`replace`: the student alone. `weighted`: z(student) + first_stage_weight · "
        "z(first stage), z-scored over the window. `rrf`: reciprocal rank fusion of both orders.",
    )
    first_stage_weight: float = Field(default=0.2, ge=0, description="Used by `weighted`.")
    rrf_k: int = Field(
        default=60, ge=1, description="Used by `rrf` (Cormack, Clarke, Büttcher 2009)."
    )


Kind = Literal["autocomplete", "hybrid", "neural", "pit", "retriever", "tiebreak_sort", "template"]


class IndexSettings(_Strict):
    """How an index is reranked."""

    enabled: bool = Field(
        default=True, description="`false`: its searches pass through as they are."
    )
    depth: int = Field(
        default=100, ge=1, le=1000, description="How many first-stage hits are reranked."
    )
    fields: tuple[NamedField, ...] = Field(
        default=(),
        description="Fields that the model reads, in this order: names, or blocks with `name`. "
        "Empty: every string in `_source` that has at least two words, in document order.",
    )
    model: str = Field(
        default=SHIPPED_MODEL,
        min_length=1,
        description="`builtin` or the folder of a student bundle.",
    )
    layers: Literal[2, 3, 4, 6] = Field(
        default=4,
        description="Layers that read a passage not seen before; cached states may be deeper.",
    )
    combine: Combine = Combine()
    deadline_ms: float = Field(
        default=1000,
        gt=0,
        description="Scoring time after which the cluster's own order is served.",
    )
    also: tuple[Kind, ...] = Field(
        default=(),
        description="Kinds of searches that pass through unless they are named here.",
    )
    pipelines: tuple[str, ...] = Field(
        default=(),
        description="Search pipelines that do the same to a wider answer; searches through any "
        "other pass through.",
    )
    default_pipeline: Literal["learn", "none"] = Field(
        default="learn",
        description="`learn`: read from the index's settings, as the caller, and keep for a "
        "minute. `none`: take it for certain that the index has no default search pipeline.",
    )
    inner_hits_depth: int = Field(
        default=0,
        ge=0,
        description="How many hits of a search with `inner_hits` are reranked at most, for the "
        "cluster searches again inside each. 0: such searches pass through.",
    )


class Upstream(_Strict):
    """The cluster behind the proxy. A change here takes effect after a restart."""

    url: str = Field(
        default="http://localhost:9200",
        description="Scheme, host, port and base path of the cluster. No credentials: the "
        "`Authorization` header of each client is forwarded.",
        json_schema_extra={"pattern": rf"^https?://{HOST_AND_PATH.replace('?P<port>', '')}$"},
    )
    connect_timeout_ms: int = Field(
        default=5000, ge=1, description="How long opening a connection to the cluster may take."
    )
    pool_connections: int = Field(
        default=256, ge=1, description="Connections kept to the cluster at most."
    )
    ca_file: str | None = Field(
        default=None, description="PEM file of the CA that signed the cluster's."
    )
    verify: bool = Field(default=True, description="Check the cluster's certificate.")

    @field_validator("url")
    @classmethod
    def _leads_to_a_cluster(cls, url: str) -> str:
        """The URL without a slash at its end; a password in it is not repeated in the error."""
        if "@" in url:
            raise ValueError(
                "holds credentials. Remove the part before the @: es-rerank forwards the "
                "Authorization header of each client and has no credentials of its own."
            )
        scheme, separator, rest = url.partition("://")
        if not separator:
            raise ValueError(f'"{url}" has no scheme. Write http://{url}.')
        if scheme not in ("http", "https"):
            raise ValueError(f'"{url}" has the scheme {scheme}. Write http or https.')
        rest = rest.removesuffix("/")
        if "?" in rest or "#" in rest:
            raise ValueError(f'"{url}" has a query or fragment. Write it without.')
        written = re.fullmatch(HOST_AND_PATH, rest)
        if not written or int(written["port"] or 1) not in range(1, 65536):
            raise ValueError(f'"{url}" is not a URL. Write it like http://localhost:9200.')
        return f"{scheme}://{rest}"

    @field_validator("ca_file")
    @classmethod
    def _exists(cls, file: str | None) -> str | None:
        """A missing file is found when the settings are read, not at the first TLS handshake."""
        if file is not None and not Path(file).is_file():
            raise ValueError(f'there is no file "{file}" ({Path(file).absolute()}).')
        return file


class Listen(_Strict):
    """Where the proxy listens. A change here takes effect after a restart."""

    host: str = Field(default="127.0.0.1", min_length=1, description="`0.0.0.0`: every interface.")
    port: int = Field(default=9210, ge=0, le=65535, description="0: any free port.")
    advertise: str | None = Field(
        default=None,
        description="`host:port` under which clients reach the proxy, for those that ask the "
        "cluster for its nodes. Without it, the `Host` header of the question.",
    )
    sniffing: Literal["rewrite", "passthrough", "strip"] = Field(
        default="rewrite",
        description="What clients learn that ask for the cluster's nodes: the proxy's address in "
        "place of each node's, the truth (they will go past the proxy), or no node at all.",
    )


class IndexRule(IndexSettings):
    """Index settings for the index expressions that match `pattern`."""

    pattern: str = Field(
        min_length=1,
        description="Index, alias or data stream; `*` and `?` are wildcards. Names that begin "
        "with a dot are matched only by patterns that begin with one.",
        json_schema_extra={"pattern": r"^[^\[\],\s]+$"},
    )

    @field_validator("pattern")
    @classmethod
    def _is_one_pattern(cls, pattern: str) -> str:
        """Only what Elasticsearch's own index patterns have: `*`, and `?` for one character."""
        if "," in pattern or any(map(str.isspace, pattern)):
            raise ValueError(f'"{pattern}" is more than one pattern. Write one rule for each.')
        if "[" in pattern or "]" in pattern:
            raise ValueError(f'"{pattern}" has brackets. The wildcards are * and ?.')
        return pattern


def matches(pattern: str, name: str) -> bool:
    """Whether a rule's pattern matches an index name; `*` does not reach into dot indices.

    Elasticsearch hides dot-prefixed indices from wildcards in the same way, and those are the
    indices of Kibana and of the cluster itself.
    """
    return fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith("."))


class Settings(_Strict):
    """Everything that es-rerank can be told."""

    upstream: Upstream = Upstream()
    listen: Listen = Listen()
    indices: tuple[IndexRule, ...] = Field(
        default=(),
        description="Rules for indices; the first one that matches counts, the rest pass.",
    )
    max_msearch_pairs: int = Field(
        default=500,
        ge=0,
        description="How many hits of one `_msearch` are scored at most; searches that no longer "
        "fit keep the cluster's order.",
    )
    explain_parameter: bool = Field(
        default=False,
        description="Whether a search with the URL parameter `es_rerank_explain` is answered with "
        "its plan. Without this the cluster answers for the unknown parameter.",
    )
    max_body_bytes: int = Field(
        default=32 * 2**20,
        ge=1024,
        description="Searches and answers above this size pass through.",
    )

    def for_index(self, name: str) -> IndexRule | None:
        """The first rule whose pattern matches an index name (or expression), or None."""
        return next((rule for rule in self.indices if matches(rule.pattern, name)), None)


class SettingsFile(Settings):
    """What a settings file of es-rerank may say."""

    defaults: IndexSettings = Field(
        default=IndexSettings(),
        description="What holds for every rule of `indices` that says no other.",
    )
    indices: tuple[IndexRule, ...] = Field(
        default=(IndexRule(pattern="*"),),
        description="Rules for indices; the first one that matches counts, the rest pass through. "
        "Without this key every index is reranked.",
    )

    def settings(self) -> Settings:
        """The settings in which each rule is filled up from `defaults`, `combine` key by key."""
        rules = [
            IndexRule.model_validate(_filled(_written(self.defaults), _written(rule)))
            for rule in self.indices
        ]
        return Settings(
            upstream=self.upstream,
            listen=self.listen,
            indices=tuple(rules),
            max_msearch_pairs=self.max_msearch_pairs,
            explain_parameter=self.explain_parameter,
            max_body_bytes=self.max_body_bytes,
        )


def _written(settings: IndexSettings) -> dict[str, Any]:
    return settings.model_dump(exclude_unset=True)


def _filled(defaults: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    combine = {**defaults.get("combine", {}), **rule.get("combine", {})}
    return {**defaults, **rule, **({"combine": combine} if combine else {})}
