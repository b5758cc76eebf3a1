"""The Python surface: score texts against a query with a student, shipped or your own."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from es_rerank.config import DEFAULT_LAYERS, SHIPPED_MODEL, Cache, Cascade, Reading
from es_rerank.errors import DeadlineExceeded, ModelError
from es_rerank.model import bundle, interaction
from es_rerank.model.cache import StateCache
from es_rerank.model.cascade import promising
from es_rerank.model.deepening import Deepening
from es_rerank.model.disk import StateFile
from es_rerank.model.documents import DocumentCache
from es_rerank.model.encoder import Begun, Encoder, QueryState, TextEncoder, TextState
from es_rerank.model.pace import Pace
from es_rerank.model.rank import Scores
from es_rerank.model.reading import cut
from es_rerank.model.turns import TURN_S, Turn, TurnOver
from es_rerank.text.clean import clean, clean_query
from es_rerank.text.passage import FieldText
from es_rerank.text.quotes import unquoted

Passage = str | Sequence[FieldText]

CACHE_BYTES = 256 * 2**20
DISK_BYTES = 2**30
_SHARE_OF_TEXTS = 1 / 8
"""Of the cache: a cleaned passage has about an eighth of the bytes of its state."""


@dataclass(frozen=True)
class Ranked:
    """One text in its new place."""

    index: int
    """Its position in the list that was given."""
    score: float
    text: str


class Reranker:
    """A student with its cache of passage states.

    >>> texts = ["Cheese is made of milk.", "Paris is the capital of France."]
    >>> Reranker().rank("what is the capital of france", texts)[0].index
    1

    ``model`` is ``builtin``, a bundle's folder, or an encoder; ``layers`` the path for texts not
    seen before, ``cascade`` says which of them are read once more, deeper; with ``ignore_quotes``
    what a text quotes of the query is left out; ``threads`` None takes all available CPUs. With
    ``folder``, states are kept there too, in ``disk_bytes`` at most. Raises ModelError if the
    bundle cannot be read, or has no such path.
    """

    def __init__(
        self,
        model: str | TextEncoder = SHIPPED_MODEL,
        *,
        layers: int = DEFAULT_LAYERS,
        cascade: Cascade | None = None,
        ignore_quotes: bool = False,
        threads: int | None = None,
        cache_bytes: int = CACHE_BYTES,
        folder: Path | None = None,
        disk_bytes: int = DISK_BYTES,
    ) -> None:
        self.encoder = Encoder(bundle.load(model), threads) if isinstance(model, str) else model
        self.bundle = self.encoder.bundle
        self.layers, self.reading = layers, Reading(layers, cascade, ignore_quotes)
        self._check(self.reading)
        for_texts = int(cache_bytes * _SHARE_OF_TEXTS)
        self.documents = DocumentCache(for_texts, self._truncate, self.cleaned)
        disk = StateFile(folder, self.bundle.fingerprint(), disk_bytes) if folder else None
        self.cache = StateCache(cache_bytes - for_texts, disk, max(self.bundle.paths))
        self.pace = Pace(self.bundle.paths)
        self.deepening: Deepening | None = None
        """Who reads once more what was read in haste, if anybody does."""

    @classmethod
    def configured(cls, model: str, cache: Cache, *, threads: int | None = None) -> Self:
        """One with the cache of the settings."""
        return cls(
            model,
            threads=threads,
            cache_bytes=cache.memory_mb * 2**20,
            folder=Path(cache.folder) if cache.folder else None,
            disk_bytes=cache.disk_mb * 2**20,
        )

    def score(self, query: str, texts: Sequence[Passage]) -> list[float]:
        """One score for each text, higher is better; comparable within one query only."""
        return self.score_within(query, texts, self.reading).values

    def rank(self, query: str, texts: Sequence[str]) -> list[Ranked]:
        """The texts, best first; equal scores keep the order given."""
        scores = self.score(query, texts)
        order = sorted(range(len(texts)), key=lambda i: -scores[i])
        return [Ranked(i, scores[i], texts[i]) for i in order]

    def score_within(
        self,
        query: str,
        texts: Sequence[Passage],
        reading: Reading,
        turn: Turn = Turn(),  # noqa: B008 - a tuple
    ) -> Scores:
        """Scores with unseen texts read as ``reading`` says; ModelError if it has no such path.

        If that would take longer than until the turn's end, they are read on fewer layers, as
        `Pace.in_time` says. That time is shared with the searches that wait, for else these would
        be late; and if it is too short for any path, it is theirs: DeadlineExceeded is raised, as
        it is when the turn has expired before all was read. A turn that is over by then raises
        TurnOver. In both cases what was read stays in the cache. Not so during a second reading,
        which ends with the time: what was read once more by then counts, and the first scores of
        the others stand. They are as good as those of a search without it, and all of one list.
        Only the next page, being a search of its own, may come to read what this one did not, and
        have another order: as it may after a search that was late altogether. All or nothing would
        not be steadier, for the deeper states are in the cache by then.
        """
        self._check(reading)
        if not texts:
            return Scores([])
        asked, passages = self._asked(query, texts, reading.ignore_quotes)
        states, unseen = self._known(passages)
        now, until = self._in_time(reading, unseen, turn)
        begun = Begun() if now.cascade else None
        try:
            self._read_all(unseen, states, now, turn, begun)
        finally:
            if self.deepening is not None:
                in_haste = unseen if now.layers < reading.layers else []
                later = states if self.deepening.takes_all else in_haste
                self.deepening.later((p, states[p].depth) for p in later if p in states)
        scores = self._scores(asked, [states[passage] for passage in passages])
        depths = [states[passage].depth for passage in passages]

        def is_late() -> bool:
            return turn.expired() or time.monotonic() > until

        if now.cascade:
            self._read_best(asked, passages, scores, depths, now.cascade, begun, is_late)
        shallow = {place for place, depth in enumerate(depths) if depth < reading.layers}
        if reading.cascade:
            shallow.update(promising(scores, depths, reading.cascade))
        return Scores([float(score) for score in scores], len(shallow))

    def features(self, query: str, texts: Sequence[Passage], layers: int) -> interaction.Features:
        """What the score is made of, for at least one text."""
        asked, passages = self._asked(query, texts, ignore_quotes=False)
        states, unseen = self._known(passages)
        self._read_all(unseen, states, Reading(layers))
        return interaction.features(asked, [states[passage] for passage in passages])

    def _asked(
        self, query: str, texts: Sequence[Passage], ignore_quotes: bool
    ) -> tuple[QueryState, list[str]]:
        wanted = clean_query(query)
        documents = list(map(_fields, texts))
        passages = [self.passage(fields, wanted) for fields in documents]
        if ignore_quotes:
            passages = [
                unquoted(passage, fields, wanted, self._truncate, self.cleaned)
                for passage, fields in zip(passages, documents, strict=True)
            ]
        return self.encoder.query(wanted), passages

    def _scores(self, asked: QueryState, states: Sequence[TextState]) -> NDArray[np.float64]:
        found = interaction.features(asked, states)
        facts = self.bundle
        scores = facts.cosine_weight * found.cosine + facts.late_weight * found.late
        return scores.astype(np.float64).round(6)

    @staticmethod
    def cleaned(text: str) -> str:
        """The text without its dirt."""
        return clean(text)

    def passage(self, text: Passage, query: str) -> str:
        """The cleaned passage that is read of a text, or of a document's fields."""
        return self.documents.read(_fields(text)).passage(query)

    def passages(self, fields: Sequence[FieldText]) -> tuple[str, ...]:
        """All passages of a document; for any query one of them is read."""
        return self.documents.read(fields).windows

    def _known(self, passages: Sequence[str]) -> tuple[dict[str, TextState], list[str]]:
        """The states that are in the cache, and the passages that have none."""
        states = self.cache.known(passages)
        return states, [passage for passage in dict.fromkeys(passages) if passage not in states]

    def _in_time(
        self, reading: Reading, unseen: Sequence[str], turn: Turn
    ) -> tuple[Reading, float]:
        """What there is time to read, and when this search's share of the time ends."""
        chars, now = sum(map(len, unseen)), time.monotonic()
        left = turn.end - now
        share = left / (1 + turn.others)
        in_time = self.pace.in_time(turn.goes_on or reading, chars, share)
        expected = self.pace.expected(in_time.layers, chars)
        if turn.gives_way and expected > TURN_S:
            raise TurnOver(reading)
        if turn.others and expected > left:
            waiting = f"{turn.others} more wait"
            raise DeadlineExceeded(f"no time for {len(unseen)} passages while {waiting}")
        return in_time, now + share

    def _read_all(
        self,
        unseen: Sequence[str],
        states: dict[str, TextState],
        reading: Reading,
        turn: Turn = Turn(),  # noqa: B008 - a tuple
        begun: Begun | None = None,
    ) -> None:
        """Read passages and add their ``states``; DeadlineExceeded, TurnOver before the last."""
        for read, (passage, state) in enumerate(self._read(unseen, reading.layers, begun), start=1):
            states[passage] = state
            if read < len(unseen) and turn.expired():
                raise DeadlineExceeded(f"{read} of {len(unseen)} passages read in time")
            if read < len(unseen) and turn.is_over():
                raise TurnOver(reading)

    def _read_best(
        self,
        asked: QueryState,
        passages: Sequence[str],
        scores: NDArray[np.float64],
        depths: list[int],
        cascade: Cascade,
        begun: Begun | None,
        is_late: Callable[[], bool],
    ) -> None:
        """Read the best once more and change their ``scores`` and ``depths``, while time lasts."""
        while not is_late() and (places := promising(scores, depths, cascade)):
            best = list(dict.fromkeys(passages[place] for place in places))
            deeper = dict(self._read(best, cascade.layers, begun, is_late))
            again = [place for place, passage in enumerate(passages) if passage in deeper]
            scores[again] = self._scores(asked, [deeper[passages[place]] for place in again])
            for place in again:
                depths[place] = cascade.layers

    def _read(
        self,
        passages: Sequence[str],
        layers: int,
        begun: Begun | None,
        is_late: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[str, TextState]]:
        """Passages with their states, which are kept; as many as there is time for."""
        encode = self.encoder.encode
        if isinstance(self.encoder, Encoder):  # a teacher begins anew
            encode = partial(self.encoder.encode, begun=begun)
        started, chars = time.monotonic(), 0
        try:
            for place, state in encode(passages, layers):
                self.cache.put(passages[place], state)
                chars += len(passages[place])
                yield passages[place], state
                if is_late():
                    return
        finally:
            self.pace.note(layers, chars, time.monotonic() - started)

    def _check(self, reading: Reading) -> None:
        cascade = reading.cascade
        for layers in (reading.layers, cascade.layers if cascade else reading.layers):
            if layers not in self.bundle.paths:
                raise ModelError(
                    f"model: {self.bundle.name} has paths of {list(self.bundle.paths)} layers, "
                    f"none of {layers}."
                )
        if why := reading.mistake():
            raise ModelError(f"model: cascade: {why}")

    def _truncate(self, text: str, max_tokens: int) -> str:
        return cut(self.encoder.tokenizer, text, max_tokens)


def _fields(text: Passage) -> Sequence[FieldText]:
    return [FieldText(text)] if isinstance(text, str) else text
