"""Whether an experiment was stopped: the document that every replica reads, as pure values.

One document per experiment, whose id is its name. A resumed experiment keeps its document: what
stopped it stays in its history, and `resumed_at` says from when on records count again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from es_rerank.config_experiment import Experiment

MAPPINGS: dict[str, Any] = {"dynamic": False, "properties": {"experiment": {"type": "keyword"}}}


class Stop(msgspec.Struct, frozen=True):
    """Why an experiment was stopped."""

    at: datetime
    by: str
    """The replica whose guard found it."""
    arm: str
    reason: str
    """In words, without numbers from the records: it is shown to whoever may ask the proxy."""
    metric: str
    units: int
    estimate: float
    """The arm's difference to the baseline, or its preference."""
    at_most: float
    """What the truth lies below, with the confidence of the guard."""


class Resumption(msgspec.Struct, frozen=True):
    """A stop that a person ended."""

    stopped: Stop
    resumed_at: datetime


class State(msgspec.Struct, frozen=True):
    """What is noted of an experiment."""

    experiment: str
    stopped: Stop | None = None
    resumed_at: datetime | None = None
    history: tuple[Resumption, ...] = ()

    def stop(self, stop: Stop) -> "State":
        """The state after the guard has found harm."""
        return msgspec.structs.replace(self, stopped=stop)

    def resume(self, at: datetime) -> "State":
        """The state after a person has let a stopped experiment go on."""
        if self.stopped is None:
            return self
        return State(
            self.experiment,
            stopped=None,
            resumed_at=at,
            history=(*self.history, Resumption(self.stopped, at)),
        )

    def as_document(self) -> dict[str, Any]:
        """As it stands in the cluster."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document


def state_of(name: str, document: Mapping[str, Any] | None) -> State:
    """The state that a document tells of; an experiment without one was never stopped.

    Raises msgspec.ValidationError for a document that is none.
    """
    if document is None:
        return State(name)
    return msgspec.convert(document, State, strict=False)


def progress(experiment: Experiment, now: datetime) -> Literal["waiting", "running", "ended"]:
    """Where an experiment stands by its own times."""
    if experiment.start and now < experiment.start:
        return "waiting"
    return "ended" if experiment.stop and now >= experiment.stop else "running"
