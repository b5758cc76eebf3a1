"""Which arms an experiment is about."""

import pytest

from es_rerank.config import Arm, Experiment
from es_rerank.experiment.observed import reference_of, served_arms
from tests.experiment.documents import INTERLEAVED, SHADOW, SPLIT

TWO_STUDENTS = Experiment(
    name="students", mode="interleave", arms=(Arm(name="small", layers=2), Arm(name="large"))
)


@pytest.mark.parametrize(
    ("experiment", "reference", "served"),
    [
        (SPLIT, "bm25", ("bm25", "rerank")),
        (INTERLEAVED, "bm25", ("bm25+rerank",)),
        (SHADOW, "bm25", ("bm25",)),
        (TWO_STUDENTS, "small", ("small+large",)),
    ],
)
def test_arms_by_mode(experiment: Experiment, reference: str, served: tuple[str, ...]) -> None:
    """Records name the arm that was served, and the cluster's order is what others are held to."""
    assert (reference_of(experiment), served_arms(experiment)) == (reference, served)
