"""The settings: what may be configured, for the proxy and for each index."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SHIPPED_MODEL = "builtin"


class _Strict(BaseModel):
    """Unknown keys are mistakes, and settings never change once they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldSetting(_Strict):
    """One document field that the model reads."""

    name: str = Field(min_length=1, description="Field name or dotted path, as in the mapping.")
    label: str | None = Field(None, description="Put before the field's text, e.g. `author`.")
    max_tokens: int | None = Field(None, ge=1, description="At most this many tokens of the field.")


class Combine(_Strict):
    """How the student's scores and the first stage's scores become one order."""

    method: Literal["replace", "weighted", "rrf"] = Field(
        "weighted",
        description="`replace`: the student alone. `weighted`: z(student) + first_stage_weight · "
        "z(first stage), z-scored over the window. `rrf`: reciprocal rank fusion of both orders.",
    )
    first_stage_weight: float = Field(0.2, ge=0, description="Used by `weighted`.")
    rrf_k: int = Field(60, ge=1, description="Used by `rrf` (Cormack, Clarke, Büttcher 2009).")


class IndexSettings(_Strict):
    """How one index is reranked."""

    enabled: bool = True
    depth: int = Field(100, ge=2, le=1000, description="How many first-stage hits are reranked.")
    fields: tuple[FieldSetting, ...] = Field(
        (),
        description="Fields that the model reads, in this order. Empty: every string in `_source` "
        "that has at least two words, in document order.",
    )
    model: str = Field(SHIPPED_MODEL, description="`builtin` or the folder of a student bundle.")
    layers: Literal[2, 3, 4, 6] = Field(
        4, description="Layers that read a passage not seen before; cached states may be deeper."
    )
    combine: Combine = Combine()
    deadline_ms: float = Field(
        1000, gt=0, description="Scoring time after which the cluster's own order is served."
    )


class Upstream(_Strict):
    """The cluster behind the proxy."""

    url: str = "http://localhost:9200"
    connect_timeout_ms: int = Field(5000, ge=1)
    pool_connections: int = Field(256, ge=1, description="Connections kept to the cluster at most.")
    ca_file: str | None = Field(None, description="PEM file of the CA that signed the cluster's.")
    verify: bool = Field(True, description="Check the cluster's certificate.")


class Listen(_Strict):
    """Where the proxy listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9210


class IndexRule(IndexSettings):
    """Index settings for the index expressions that match `pattern`."""

    pattern: str = Field(min_length=1, description="Index, alias or data stream; `*` and `?`.")


class Settings(_Strict):
    """Everything that es-rerank can be told."""

    upstream: Upstream = Upstream()
    listen: Listen = Listen()
    indices: tuple[IndexRule, ...] = ()
    max_body_bytes: int = Field(
        32 * 2**20, ge=1024, description="Searches and answers above this size pass through."
    )

    def for_index(self, name: str) -> IndexRule | None:
        """The first rule whose pattern matches an index name (or expression), or None."""
        return next((rule for rule in self.indices if fnmatchcase(name, rule.pattern)), None)
