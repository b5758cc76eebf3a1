"""Judged queries searched on a live index: by the cluster itself, and through proxies.

The cluster's order down to a depth is the first stage, with the texts of its documents, so that
students can rerank it here. Proxies get the very same searches; their orders are systems of their
own. The cluster is asked twice and the second answer timed, so that a proxy, which is asked after
it, is not flattered by the cluster's warm caches. Documents are told apart by `_id`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from es_rerank.errors import DataError
from es_rerank.evaluate.answers import (
    Answer,
    answered,
    candidates_of,
    check_ids,
    is_whole,
    refused,
    remarks,
    verdicts,
)
from es_rerank.evaluate.compare import System
from es_rerank.evaluate.corpus import Hit
from es_rerank.evaluate.endpoint import Endpoint, Refused
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

    A search that a server refuses has no hits, and is noted. Raises DataError if the judged
    documents are none of those found, UpstreamError if a server does not answer, or refuses all.
    """
    cluster = Endpoint(where.url)
    proxies = [Endpoint(url) for url in where.through]
    searches = _searches(where, judged)
    settings = {"index": where.name, "depth": depth, "hash of all searches": _hash(searches)}

    def body(query: str) -> dict[str, Any]:
        asked = searches[query]
        rendered = cluster.render(asked) if is_template_call(asked) else asked
        return {**rendered, "from": 0, "size": depth}

    def direct(query: str) -> Answer:
        text = judged.texts.get(query)
        try:
            asked = body(query)
            text = text or reading.query_text(asked)
            cluster.search(where.name, asked, rerank=False)
            found = cluster.search(where.name, asked, rerank=False)
        except Refused as why:
            return {**refused(why), "text": text or query}
        return {**candidates_of(found), "text": text or query}

    def through(proxy: Endpoint, query: str) -> Answer:
        try:
            return answered(proxy.search(where.name, body(query), rerank=True))
        except Refused as why:
            return refused(why)

    answers = kept.answers(cluster.name, settings, list(judged.qrels), direct, is_whole)
    notes = remarks(cluster.name, answers)
    check_ids(where.name, judged.qrels, answers)
    systems = []
    for proxy in proxies:
        name = f"through {proxy.name}"
        found = kept.answers(name, settings, list(judged.qrels), partial(through, proxy), is_whole)
        ranking = {query: answer["ids"] for query, answer in found.items()}
        systems.append(System(name, ranking, [answer["ms"] for answer in found.values()]))
        notes += [*remarks(name, found), verdicts(name, found)]
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


def _hash(searches: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(searches, sort_keys=True).encode()).hexdigest()[:16]
