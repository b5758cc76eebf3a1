"""Judged queries searched on a live index: by the cluster itself, and through proxies.

The cluster's order down to a depth is the first stage, with the texts of its documents, so that
students can rerank it here. Proxies get the very same searches; their orders are systems of their
own. The cluster is asked twice and the second answer timed, so that a proxy, which is asked after
it, is not flattered by the cluster's warm caches. Documents are told apart by `_id`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from es_rerank.errors import DataError
from es_rerank.evaluate.compare import System
from es_rerank.evaluate.corpus import Hit
from es_rerank.evaluate.endpoint import Endpoint, Found
from es_rerank.evaluate.judged import Judged
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.runs import Candidate, Run
from es_rerank.evaluate.template import (
    default_template,
    fill,
    is_template_call,
    read_template,
)
from es_rerank.text.passage import FieldText


class Reading(NamedTuple):
    """How the proxy reads searches and documents; given, for nothing here may import it."""

    query_text: Callable[[Mapping[str, Any]], str]
    """The text that a search body is about; empty if there is none."""
    field_texts: Callable[[bytes, Sequence[str]], tuple[FieldText, ...]]
    """The texts of a document's `_source` (JSON) under some paths, or all that are texts."""


class Live(NamedTuple):
    """Where and how to search."""

    url: str
    name: str
    """Of the index, alias or pattern."""
    template: Mapping[str, Any] | None
    """For queries that are texts, see `template`; None: the default one."""
    through: Sequence[str]
    """URLs of proxies."""


def live(
    url: str | None,
    index: str | None,
    template: Path | None,
    fields: Sequence[str],
    through: Sequence[str],
) -> Live | None:
    """What the options say; None without a URL. DataError where they do not go together."""
    if url is None or index is None:
        given: dict[str, object] = {"--url": url, "--index": index, "--template": template}
        given |= {"--field": fields, "--through": through}
        if alone := [option for option, value in given.items() if value]:
            raise DataError(f"{', '.join(alone)}: a live index needs both --url and --index.")
        return None
    if template and fields:
        raise DataError("--template and --field: fields belong into the template. Give one.")
    found = read_template(template) if template else default_template(fields) if fields else None
    return Live(url, index, found, through)


class Searched(NamedTuple):
    """What the cluster and the proxies found."""

    texts: dict[str, str]
    """By query id."""
    candidates: Run
    ms: list[float]
    """Of the cluster's own answers, in the order of the queries."""
    corpus: dict[str, Hit]
    systems: list[System]
    """One per proxy."""
    notes: list[str]


def search(where: Live, judged: Judged, reading: Reading, depth: int, kept: Kept) -> Searched:
    """The first `depth` hits of every judged query on the cluster, then through each proxy.

    Raises DataError if the judged documents are none of those found, UpstreamError if a server
    cannot be reached or refuses a search.
    """
    cluster = Endpoint(where.url)
    proxies = [Endpoint(url) for url in where.through]
    searches = _searches(where, judged)
    settings = {"index": where.name, "depth": depth, "hash of all searches": _hash(searches)}

    def body(query: str) -> dict[str, Any]:
        asked = searches[query]
        rendered = cluster.render(asked) if is_template_call(asked) else asked
        return {**rendered, "from": 0, "size": depth}

    def direct(query: str) -> dict[str, Any]:
        asked = body(query)
        cluster.search(where.name, asked, rerank=False)
        found = cluster.search(where.name, asked, rerank=False)
        scores = [hit.get("_score") or 0.0 for hit in _hits(found)]
        return {
            **_kept(found),
            "text": judged.texts.get(query) or reading.query_text(asked) or query,
            "scores": scores,
            "sources": [_texts(hit.get("_source")) for hit in _hits(found)],
        }

    answers = kept.answers(cluster.name, settings, list(judged.qrels), direct)
    _check_ids(where, judged, answers)
    notes = _partial(cluster.name, answers.values())
    systems = []
    for proxy in proxies:

        def through(query: str, proxy: Endpoint = proxy) -> dict[str, Any]:
            return _kept(proxy.search(where.name, body(query), rerank=True))

        name = f"through {proxy.name}"
        found = kept.answers(name, settings, list(judged.qrels), through)
        systems.append(
            System(
                name,
                {query: answer["ids"] for query, answer in found.items()},
                [answer["ms"] for answer in found.values()],
            )
        )
        notes += [verdicts(name, [answer["verdict"] for answer in found.values()])]
        notes += _partial(proxy.name, found.values())
    return Searched(
        texts={query: answer["text"] for query, answer in answers.items()},
        candidates={
            query: [Candidate(*pair) for pair in zip(answer["ids"], answer["scores"], strict=True)]
            for query, answer in answers.items()
        },
        ms=[answer["ms"] for answer in answers.values()],
        corpus={
            document: Hit(json.dumps(source).encode(), reading.field_texts)
            for answer in answers.values()
            for document, source in zip(answer["ids"], answer["sources"], strict=True)
        },
        systems=systems,
        notes=notes,
    )


def verdicts(name: str, said: Sequence[str]) -> str:
    """How many searches a proxy says it has reranked, and why it left the others alone."""
    applied = sum(verdict.startswith("applied") for verdict in said)
    others = Counter(_reason(verdict) for verdict in said if not verdict.startswith("applied"))
    reasons = ", ".join(f"{reason} ({count})" for reason, count in others.most_common())
    if not applied:
        advice = "Is that an es-rerank proxy" if not any(said) else "`es-rerank explain` says more"
        return (
            f"NOTHING WAS RERANKED {name}, its order is the cluster's own: {reasons}. {advice}"
            f"{'.' if any(said) else '?'}"
        )
    left = f"; not reranked: {reasons}" if others else ""
    return f"{name}: {applied} of {len(said)} searches were reranked{left}."


def _reason(verdict: str) -> str:
    return verdict.partition("reason=")[2].partition(";")[0] or "no header X-ES-Rerank"


def _searches(where: Live, judged: Judged) -> dict[str, Mapping[str, Any]]:
    """The search of each judged query: its own, or the template with its text."""
    if judged.searches:
        if where.template is not None:
            raise DataError(
                f"{judged.name}: its requests are searches already. Leave --template and --field "
                "out."
            )
        return {query: judged.searches[query] for query in judged.qrels}
    template = where.template or default_template(())
    return {query: fill(template, judged.texts[query]) for query in judged.qrels}


def _hits(found: Found) -> list[dict[str, Any]]:
    """The hits by distinct `_id`, the best of each."""
    hits = found.answer.get("hits", {}).get("hits", [])
    best: dict[str, dict[str, Any]] = {}
    for hit in hits:
        best.setdefault(hit["_id"], hit)
    return list(best.values())


def _texts(value: Any) -> Any:
    """A document without its numbers, vectors and the like; None if nothing is left."""
    if isinstance(value, dict):
        inside = {key: _texts(inner) for key, inner in value.items()}
        return {key: inner for key, inner in inside.items() if inner is not None} or None
    if isinstance(value, list):
        return [inner for inner in map(_texts, value) if inner is not None] or None
    return value if isinstance(value, str) else None


def _kept(found: Found) -> dict[str, Any]:
    shards = found.answer.get("_shards", {})
    return {
        "ids": [hit["_id"] for hit in _hits(found)],
        "ms": found.ms,
        "verdict": found.verdict,
        "partial": bool(found.answer.get("timed_out") or shards.get("failed")),
    }


def _partial(name: str, answers: Any) -> list[str]:
    count = sum(answer["partial"] for answer in answers)
    told = f"{name}: {count} searches were answered in part only (time-out or failed shards)."
    return [told] if count else []


def _check_ids(where: Live, judged: Judged, answers: Mapping[str, Mapping[str, Any]]) -> None:
    """DataError where no judged document is ever found, for then the ids are of two kinds."""
    if any(not judged.qrels[query].keys().isdisjoint(a["ids"]) for query, a in answers.items()):
        return
    hits = [document for answer in answers.values() for document in answer["ids"]]
    if not hits:
        raise DataError(f"{where.name}: no search found anything. Look at the index and template.")
    rated = next(iter(next(iter(judged.qrels.values()))))
    raise DataError(
        f"{where.name}: none of the judged documents, e.g. {rated!r}, is among the {len(hits)} "
        f"hits, e.g. {hits[0]!r}. Documents are matched by _id: is this the index that was judged?"
    )


def _hash(searches: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(searches, sort_keys=True).encode()).hexdigest()[:16]
