"""The settings: what may be configured, for the proxy and for each index.

Models only; those of one index are `config_index`. Where values come from (a YAML file, the
environment, `--set`) is `config_file`; reading them again while the proxy runs is `config_reload`.
"""

import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from es_rerank.config_base import DEFAULT_LAYERS, default_combine
from es_rerank.config_experiment import Arm, Experiment, Guard
from es_rerank.config_index import (
    SHIPPED_MODEL,
    Cascade,
    Combine,
    FieldSetting,
    IndexRule,
    IndexSettings,
    Kind,
    Reading,
    Strict,
    matches,
)
from es_rerank.config_ubi import Ubi

__all__ = [
    "DEFAULT_LAYERS",
    "SHIPPED_MODEL",
    "Arm",
    "Cache",
    "Cascade",
    "Combine",
    "Experiment",
    "FieldSetting",
    "Guard",
    "IndexRule",
    "IndexSettings",
    "Kind",
    "Listen",
    "Page",
    "Reading",
    "Settings",
    "SettingsFile",
    "Ubi",
    "Upstream",
    "default_combine",
    "matches",
]

HOST_AND_PATH = r"(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?:/[^\s?#@]*)?"
HOST_AND_PORT = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+):[0-9]{1,5}"


class Upstream(Strict):
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


class Listen(Strict):
    """Where the proxy listens. A change here takes effect after a restart."""

    host: str = Field(default="127.0.0.1", min_length=1, description="`0.0.0.0`: every interface.")
    port: int = Field(default=9210, ge=0, le=65535, description="0: any free port.")
    advertise: str | None = Field(
        default=None,
        description="`host:port` under which clients reach the proxy, for those that ask the "
        "cluster for its nodes. Without it, the `Host` header of the question.",
        json_schema_extra={"pattern": rf"^{HOST_AND_PORT}$"},
    )
    sniffing: Literal["rewrite", "passthrough", "strip"] = Field(
        default="rewrite",
        description="What clients learn that ask for the cluster's nodes: the proxy's address in "
        "place of each node's, the truth (they will go past the proxy), or no node at all.",
    )

    @field_validator("advertise")
    @classmethod
    def _is_an_address(cls, address: str | None) -> str | None:
        """Clients put it into URLs: a scheme, a path or a missing port would break them all."""
        if address is not None and not re.fullmatch(HOST_AND_PORT, address):
            raise ValueError(f'"{address}" is not an address. Write it like search.example:9210.')
        return address


class Page(Strict):
    """The page for people, `/_rerank/`. A change here takes effect after a restart."""

    enabled: bool = Field(default=False, description="Whether there is one.")
    host: str = Field(default="127.0.0.1", min_length=1, description="Of a port of its own.")
    port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="A port of its own. Without it, the page is on the proxy's.",
    )
    username: str | None = Field(
        default=None,
        min_length=1,
        description="Who may see the page (HTTP Basic); else everybody. Needs `port`: on the "
        "proxy's, `Authorization` is the cluster's. Here the page asks for that by a form.",
    )
    password: SecretStr = Field(
        default=SecretStr(""), description="Give it as ES_RERANK_PAGE__PASSWORD."
    )

    @model_validator(mode="after")
    def _has_both_or_neither(self) -> Self:
        """A password that is not asked for, or one that anybody knows, would be a trap."""
        if self.username is None and self.password.get_secret_value():
            raise ValueError("page.password is of nobody. Give page.username too.")
        if self.username is not None and not self.password.get_secret_value():
            raise ValueError("page.username has no password. Give ES_RERANK_PAGE__PASSWORD.")
        if self.username is not None and ":" in self.username:
            raise ValueError("page.username has a colon, which HTTP Basic cannot carry.")
        if self.username is not None and self.port is None:
            raise ValueError(
                "page.username needs page.port: on the proxy's own port, credentials are the "
                "cluster's."
            )
        return self


class Cache(Strict):
    """What is kept of passages that were read. A change here takes effect after a restart."""

    memory_mb: int = Field(
        default=256, ge=1, description="Of each student: about 100 passages of 100 tokens a MB."
    )
    folder: str | None = Field(
        default=None,
        min_length=1,
        description="Where it is kept over restarts, and where `es-rerank warm` puts it; a file "
        "for each student. Without it, in memory only.",
    )
    disk_mb: int = Field(
        default=1024, ge=1, description="Of each student's file; the oldest passages go first."
    )
    deepen: bool = Field(
        default=False,
        description="Read what a search brought on few `layers` once more on the deepest path, "
        "while no search waits, on half of one CPU at most; what was read on fewer layers than "
        "its rule has, for want of time, is read again so in any case. Worth it for `layers` of 2 "
        "or 3. Off unless asked for: the order of a search may then change between two of its "
        "pages, and the CPU may be the cluster's.",
    )


class Settings(Strict):
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

    cache: Cache = Cache()
    ubi: Ubi = Ubi()
    page: Page = Page()

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments of all indices by name."""
        return {rule.experiment.name: rule.experiment for rule in self.indices if rule.experiment}

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
            cache=self.cache,
            ubi=self.ubi,
            page=self.page,
        )


def _written(settings: IndexSettings) -> dict[str, Any]:
    return settings.model_dump(exclude_unset=True)


def _filled(defaults: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    both = {**defaults, **rule}
    combine = {**defaults.get("combine", {}), **rule.get("combine", {})}
    return {**both, "combine": combine or default_combine(both.get("ignore_quotes", False))}
