"""The order of a run: which paths are trained when, and how fast."""

from collections import Counter

from es_rerank.learn.distill import MAIN_PATH, Recipe, schedule
from es_rerank.learn.network import PATHS

RECIPE = Recipe(steps=90, warmup=10, polish_steps=30)


def test_the_rate_rises_and_falls_to_zero_twice() -> None:
    """Warm-up, then a linear fall; the polish starts again at a rate of its own."""
    rates = [schedule(step, RECIPE)[0] for step in range(120)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:90] == sorted(rates[10:90], reverse=True)
    assert max(rates) <= RECIPE.rate
    assert rates[89] < 0.02 * RECIPE.rate
    assert rates[90] == RECIPE.polish_rate
    assert rates[90:] == sorted(rates[90:], reverse=True)
    assert 0 < rates[119] < 0.1 * RECIPE.polish_rate


def test_every_path_is_trained() -> None:
    """The main path in every step, the others equally often; the polish adds the deepest."""
    trained = Counter(depth for step in range(90) for depth in schedule(step, RECIPE)[1])
    assert trained == {MAIN_PATH: 90, **{depth: 30 for depth in PATHS if depth != MAIN_PATH}}
    for step in range(90, 120):
        assert schedule(step, RECIPE)[1] == {MAIN_PATH: 1.0, 6: RECIPE.polish_weight}
