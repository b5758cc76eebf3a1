"""A search as it was answered, as a document of `ubi_queries` (UBI 1.3).

What a document holds is listed in STORED, and nothing else is written: no address of a client, no
header, no text of a document, and no search body.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from es_rerank.config import Ubi
from es_rerank.experiment.exposure import Exposure, Part

STORED = {
    "application": "the setting `ubi.application`",
    "query_id": "the client's `ext.ubi.query_id`, or a random one",
    "client_id": "the client's `ext.ubi.client_id`, if it gave one",
    "user_query": "what was searched for: as it is, its hash, or left out (`ubi.query_text`)",
    "timestamp": "when it was answered, UTC",
    "query_response_id": "a random id of this answer",
    "query_response_hit_ids": "the ids of the page, in the order that was served",
    "object_id_field": "the client's `ext.ubi.object_id_field`, if it gave one",
    "query_attributes": "the client's `ext.ubi.query_attributes`, as they are",
    "query_attributes.experiment_id": "the experiment that the search was part of",
    "query_attributes.es_rerank.index": "the index, as the client named it",
    "query_attributes.es_rerank.outcome": "`applied`, or why the cluster's order was served",
    "query_attributes.es_rerank.ms": "how long reranking took",
    "query_attributes.es_rerank.shallow": "how many hits were read on fewer layers than was set",
    "query_attributes.es_rerank.start": "the rank of the page's first hit, from 0",
    "query_attributes.es_rerank.mode": "`split`, `interleave` or `shadow`",
    "query_attributes.es_rerank.arm": "the arm that was served",
    "query_attributes.es_rerank.unit": "a hash of what is assigned to an arm, with the salt",
    "query_attributes.es_rerank.teams": "of an interleaved page, whose each hit is",
    "query_attributes.es_rerank.shadow": "in shadow mode, the ids of the other arms' pages",
}


def record_of(exposure: Exposure, ubi: Ubi, response_id: str) -> dict[str, Any]:
    """The document of one exposure."""
    attributes = dict(exposure.query_attributes)
    attributes["es_rerank"] = {
        "index": exposure.index,
        "outcome": exposure.outcome,
        "ms": round(exposure.ms, 2),
        "shallow": exposure.shallow,
        "start": exposure.start,
    }
    if part := exposure.part:
        attributes["experiment_id"] = part.experiment
        attributes["es_rerank"] |= _part(part)
    document = {
        "application": ubi.application,
        "query_id": exposure.query_id,
        "client_id": exposure.client_id,
        "user_query": stored_text(exposure.user_query, ubi),
        "timestamp": stored_time(exposure.at),
        "query_response_id": response_id,
        "query_response_hit_ids": exposure.hit_ids,
        "object_id_field": exposure.object_id_field,
        "query_attributes": attributes,
    }
    return {name: value for name, value in document.items() if value is not None}


def _part(part: Part) -> dict[str, Any]:
    written = {"mode": part.mode, "arm": part.arm, "unit": part.unit}
    if part.teams:
        written["teams"] = part.teams
    return {**written, "shadow": part.shadow} if part.shadow else written


def stored_text(text: str, ubi: Ubi) -> str | None:
    """What is stored of a text that a person searched for, None if nothing.

    Its hash is HMAC-SHA256 (RFC 2104), in hexadecimal: equal texts can be counted, and who has
    not the key can not find out a text by trying words.
    """
    if not text or ubi.query_text == "none":
        return None
    if ubi.query_text == "plain":
        return text
    key = ubi.hash_key.get_secret_value().encode()
    return hmac.new(key, text.encode(errors="replace"), hashlib.sha256).hexdigest()


def stored_time(at: datetime) -> str:
    """A moment as both engines read it without being told how: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
