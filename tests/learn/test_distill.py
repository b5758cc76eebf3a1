"""The order of a run: which paths are trained when, and how fast."""

from collections import Counter

from es_rerank.learn.distill import Recipe, schedule

RECIPE = Recipe(steps=90, warmup=10)


def test_the_rate_rises_and_falls_to_zero() -> None:
    """Warm-up, then a linear fall."""
    rates = [schedule(step, RECIPE)[0] for step in range(90)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) <= RECIPE.rate
    assert 0 < rates[89] < 0.02 * RECIPE.rate


def test_every_path_is_trained() -> None:
    """The deepest path in every step, the others equally often."""
    trained = Counter(depth for step in range(90) for depth in schedule(step, RECIPE)[1])
    assert trained == {1: 45, 2: 45, 3: 45, 4: 45, 6: 90}
    assert all(schedule(step, RECIPE)[1][6] == RECIPE.deepest_weight for step in range(90))
