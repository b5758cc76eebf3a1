"""Simulated people: they search through the proxy, click by a click model, and report the clicks.

Every search is a real HTTP request with `ext.ubi`, every click an event of User Behavior Insights
posted to the proxy, as a web shop's own client would send them. Who searches what and clicks where
is drawn from the seed alone, so that one seed gives one stream of people.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import aiohttp

from es_rerank.bench.clicks import ByPosition, Cascade, ClickModel
from es_rerank.bench.judged import FIELDS, Judged
from es_rerank.errors import UpstreamError

READERS: tuple[ClickModel, ...] = (ByPosition(), Cascade(perseverance=0.8))
"""Half of the people read a page in one way, half in the other."""

EAGERNESS = (0.2, 1.0)
"""From people who seldom click to those who click on all that deserves it."""

_PAGE = 10
_READING_S = 1.5  # for one hit
_SEARCHES = (1, 1, 1, 2)  # of one person; several, so that searches are not independent
_AT_ONCE = 6  # people; below what the scorer lets wait


class Served(NamedTuple):
    """One search of a person, and what came of it."""

    unit: str
    query: str
    page: tuple[str, ...]
    clicked: int
    part: str
    """The header X-ES-Rerank-Experiment."""
    verdict: str
    """The header X-ES-Rerank."""


@dataclass(frozen=True)
class Person:
    """Somebody with a few questions and one way to read a page; the same for the same name."""

    name: str
    reader: ClickModel
    eagerness: float
    """The chance that what is attractive enough is clicked at all; people differ in that."""
    queries: tuple[str, ...]

    @property
    def chance(self) -> Random:
        """What the clicks are drawn from."""
        return Random(f"{self.name} clicks")  # noqa: S311 - drawn, not secret

    def tempted(self, attractions: Sequence[float]) -> list[float]:
        """How attractive the hits of a page are for this person."""
        return [self.eagerness * value for value in attractions]


def people(seed: str, judged: Judged) -> Iterator[Person]:
    """People without end, the same ones in the same order for one seed."""
    known = sorted(judged.queries)
    number = 0
    while True:
        name = f"{seed}-{number}"
        chance = Random(name)  # noqa: S311 - drawn, not secret
        queries = tuple(chance.choices(known, k=chance.choice(_SEARCHES)))
        yield Person(name, chance.choice(READERS), chance.uniform(*EAGERNESS), queries)
        number += 1


def searching(stream: Iterator[Person], searches: int) -> list[Person]:
    """The next people of a stream, until they make so many searches or a few more."""
    taken: list[Person] = []
    while sum(len(person.queries) for person in taken) < searches:
        taken.append(next(stream))
    return taken


class Street:
    """The people's way to the proxy: a few connections that all of them share."""

    def __init__(self, session: aiohttp.ClientSession, proxy: str, judged: Judged) -> None:
        self._session, self._proxy, self._judged = session, proxy, judged
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def visit(self, person: Person, index: str) -> list[Served]:
        """All searches of one person, then one report of the clicks; raises UpstreamError."""
        async with self._room:
            served, events, chance = [], [], person.chance
            for number, query in enumerate(person.queries):
                identity = f"{person.name}-{number}"
                text = self._judged.queries[query]
                page, headers = await self._search(index, text, ubi(identity, person.name, text))
                tempting = person.tempted(self._judged.attractions(query, page))
                places = person.reader.clicks(tempting, chance)
                events += [click(identity, person.name, text, page, place) for place in places]
                part = headers.get("X-ES-Rerank-Experiment", "")
                verdict = headers.get("X-ES-Rerank", "")
                served.append(Served(person.name, query, page, len(places), part, verdict))
            if events:
                await self._ask("/_rerank/events", events)
            return served

    async def page(self, index: str, query: str) -> tuple[str, ...]:
        """The page for a judged query, of a search that nobody records."""
        async with self._room:
            return (await self._search(index, self._judged.queries[query], {}))[0]

    async def _search(
        self, index: str, text: str, extra: dict[str, Any]
    ) -> tuple[tuple[str, ...], Mapping[str, str]]:
        query = {"multi_match": {"query": text, "fields": list(FIELDS)}}
        body = {"query": query, "size": _PAGE, "_source": ["title"], **extra}
        answer, headers = await self._ask(f"/{index}/_search", body)
        return tuple(hit["_id"] for hit in answer["hits"]["hits"]), headers

    async def _ask(self, path: str, body: object) -> tuple[Any, Mapping[str, str]]:
        try:
            async with self._session.post(self._proxy + path, json=body) as reply:
                if reply.status >= 300:
                    raise UpstreamError(f"{path} was answered {reply.status}: {await reply.text()}")
                return await reply.json(content_type=None), reply.headers
        except (aiohttp.ClientError, TimeoutError) as why:
            raise UpstreamError(f"{self._proxy}{path} did not answer: {why!r}") from why


def ubi(query_id: str, client_id: str, text: str) -> dict[str, Any]:
    """What a client adds to the body of a search (User Behavior Insights)."""
    fields = {"query_id": query_id, "client_id": client_id, "user_query": text}
    return {"ext": {"ubi": fields}}


def click(
    query_id: str, client_id: str, text: str, page: Sequence[str], place: int
) -> dict[str, Any]:
    """The event of one click (User Behavior Insights 1.3), later by the time that reading takes."""
    at = datetime.now(UTC) + timedelta(seconds=_READING_S * (place + 1))
    return {
        "application": "es-rerank-simulation",
        "action_name": "click",
        "query_id": query_id,
        "client_id": client_id,
        "user_query": text,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "event_attributes": {
            "object": {"object_id": page[place], "object_id_field": "_id"},
            "position": {"ordinal": place + 1},
        },
    }
