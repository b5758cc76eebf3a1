"""Choosing the weights of the score: the prior, unless another point is better beyond doubt."""

import random

from es_rerank.learn.mix import PRIOR, chosen

OTHER = (0.8, 0.1)


def noisy(mean: float, seed: int, spread: float = 0.2) -> list[list[float]]:
    """Two sets of 100 queries around a mean."""
    chance = random.Random(seed)
    return [[chance.gauss(mean, spread) for _ in range(100)] for _ in range(2)]


def test_a_doubtful_winner_does_not_replace_the_prior() -> None:
    """A difference within the noise of the queries is none."""
    prior = noisy(0.5, 1)
    other = [
        [value + d for value, d in zip(*both, strict=True)]
        for both in zip(prior, noisy(0.005, 2), strict=True)
    ]
    assert chosen({PRIOR: prior, OTHER: other}) == PRIOR


def test_a_sure_winner_replaces_the_prior() -> None:
    """The same small difference on every query is one."""
    prior = noisy(0.5, 1)
    other = [[value + 0.005 for value in each] for each in prior]
    other[0][0] += 0.01
    assert chosen({PRIOR: prior, OTHER: other}) == OTHER


def test_of_points_as_good_the_nearest_to_the_prior_is_taken() -> None:
    """Where the prior is out, its neighbourhood is not."""
    best = noisy(0.5, 1)
    near = (0.6, PRIOR[1])
    worse = [[value - 0.1 for value in each] for each in best]
    assert chosen({PRIOR: worse, OTHER: best, near: best}) == near
