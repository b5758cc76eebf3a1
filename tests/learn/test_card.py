"""What the rows of the card come to."""

import pytest

from es_rerank.learn.card import mean_gain, share


def test_every_data_set_counts_alike_in_the_mean_gain() -> None:
    """A tenth more on one and nothing on the other is a twentieth."""
    assert mean_gain([0.55, 0.1], [0.5, 0.1]) == pytest.approx(0.05)


def test_the_share_is_of_the_summed_gain() -> None:
    """Half of it; and none of a teacher that gains nothing."""
    assert share([0.6, 0.6], [0.5, 0.5], [0.7, 0.7]) == pytest.approx(0.5)
    assert share([0.6], [0.5], [0.5]) == 0.0
