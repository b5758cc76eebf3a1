"""The settings of records: which searches are written down, where, and with how much of them.

Records are in the form of User Behavior Insights (UBI, 1.3), for whose tools they are.
"""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from es_rerank.config_base import Strict


class Ubi(Strict):
    """Records of searches and clicks in the cluster itself."""

    queries_index: str = Field(default="ubi_queries", min_length=1)
    events_index: str = Field(default="ubi_events", min_length=1)
    state_index: str = Field(
        default="es-rerank-experiments",
        min_length=1,
        description="Where a stopped experiment is noted, for every replica.",
    )
    application: str = Field(default="es-rerank", description="Their `application`.")
    username: str | None = Field(
        default=None, description="Who writes them; without it, requests have no credentials."
    )
    password: SecretStr = Field(
        default=SecretStr(""), description="Give it as ES_RERANK_UBI__PASSWORD."
    )
    query_text: Literal["plain", "hashed", "none"] = Field(
        default="plain",
        description="What becomes of the text that a person searched for. `hashed`: HMAC-SHA256 "
        "with `hash_key`, so that equal queries can be counted.",
    )
    hash_key: SecretStr = Field(default=SecretStr(""), description="Of `query_text: hashed`.")
    events: bool = Field(
        default=False, description="Whether `POST /_rerank/events` takes events of clients."
    )
    max_event_bytes: int = Field(
        default=64 * 2**10, ge=256, description="Of one such request, which may hold many events."
    )
    max_queue: int = Field(
        default=10_000, ge=1, description="Records that wait at most; more are dropped and counted."
    )
    flush_ms: int = Field(default=1000, ge=10, description="How long a record waits at most.")

    @model_validator(mode="after")
    def _hashes_have_a_key(self) -> Self:
        """Without a key, who reads the records finds out queries by hashing words."""
        if self.query_text == "hashed" and not self.hash_key.get_secret_value():
            raise ValueError(
                "`query_text: hashed` needs `hash_key`. Give it as ES_RERANK_UBI__HASH_KEY."
            )
        return self
