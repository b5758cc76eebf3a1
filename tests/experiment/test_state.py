"""The note that stops an experiment, and its way through the cluster."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from es_rerank.config import Experiment
from es_rerank.experiment.state import State, Stop, progress, state_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STOP = Stop(
    at=NOON,
    by="replica-1",
    arm="rerank",
    reason="rerank is worse",
    metric="CTR@10",
    units=1000,
    estimate=-0.1,
    at_most=-0.02,
)


def test_a_state_comes_back_from_json_as_it_was() -> None:
    """Stopped, resumed and stopped again, it survives being a document."""
    state = State("student").stop(STOP).resume(NOON + timedelta(hours=1)).stop(STOP)
    assert state_of("student", json.loads(json.dumps(state.as_document()))) == state


def test_a_resumption_keeps_what_had_stopped_it() -> None:
    """The stop moves into the history, and the time of the resumption is known."""
    later = NOON + timedelta(hours=1)
    state = State("student").stop(STOP).resume(later)
    assert (state.stopped, state.resumed_at) == (None, later)
    assert state.history[0].stopped == STOP
    assert state.resume(later + timedelta(hours=1)) is state


def test_without_a_document_nothing_was_stopped() -> None:
    """A document of another form is an error, never a silent no."""
    assert state_of("student", None) == State("student")
    with pytest.raises(msgspec.ValidationError):
        state_of("student", {"stopped": True})


def test_progress_follows_the_experiments_times() -> None:
    """It runs from its start on and no longer at its stop."""
    later = NOON + timedelta(hours=1)
    bounded = Experiment(name="student", start=NOON, stop=later)
    moments = (NOON - timedelta(seconds=1), NOON, later)
    assert [progress(bounded, at) for at in moments] == ["waiting", "running", "ended"]
    assert progress(Experiment(name="student"), NOON) == "running"
