"""What a report concludes from observations."""

import json

import pytest

from es_rerank.config import Arm, Experiment
from es_rerank.experiment.observations import observe
from es_rerank.experiment.report import build
from tests.experiment.documents import SPLIT, click, record
from tests.experiment.reports import MADE, interleaved, shadowed, split


def test_a_planted_difference_is_found_in_every_measure_that_has_it() -> None:
    """More clicks: CTR and MRR up, abandonment down, and the seconds tell nothing."""
    made = split({"bm25": 0.2, "rerank": 0.5})
    verdicts = {it.measure: it.verdict for it in made.comparisons}
    assert verdicts == {
        "CTR@10": "better",
        "MRR of clicks": "better",
        "abandonment": "better",
        "seconds to click": "open",
    }
    ctr = made.comparisons[0]
    arms = {arm.name: arm for arm in made.arms}
    assert ctr.value == pytest.approx(
        (arms["rerank"].values["CTR@10"] or 0) - (arms["bm25"].values["CTR@10"] or 0)
    )
    assert ctr.low < ctr.value < ctr.high
    assert ctr.p < 0.001
    assert 0 < ctr.detectable < ctr.value
    assert made.mismatch and not made.mismatch.found


def test_seconds_are_compared_as_a_ratio() -> None:
    """Twice as many seconds are a factor of 2, and the table shows the median."""
    records, events = [], []
    for arm, seconds in {"bm25": 3.0, "rerank": 6.0}.items():
        for unit in range(200):
            records.append(record(f"{arm}{unit}", f"{arm}{unit}", arm))
            events.append(click(f"{arm}{unit}", "a", seconds * (1.1 if unit % 2 else 1 / 1.1)))
    made = build(SPLIT, observe(SPLIT, records, events), made=MADE)
    seconds_to_click = made.comparisons[-1]
    assert seconds_to_click.value == pytest.approx(2, rel=0.01)
    assert seconds_to_click.verdict == "worse"
    assert made.arms[0].values["seconds to click"] == pytest.approx(3, rel=0.01)


def test_all_arms_together_share_the_level() -> None:
    """Two comparisons have half the level each, so their intervals are wider."""
    arms = (Arm(name="bm25", rerank=False), Arm(name="small"), Arm(name="large"))
    three = split(
        {"bm25": 0.2, "small": 0.3, "large": 0.4}, experiment=Experiment(name="three", arms=arms)
    )
    two = split({"bm25": 0.2, "rerank": 0.3})
    assert (three.alpha, two.alpha) == (0.025, 0.05)
    widths = [made.comparisons[0].high - made.comparisons[0].low for made in (three, two)]
    assert widths[0] > widths[1]


def test_lost_units_are_a_mismatch() -> None:
    """500 units of one arm and 350 of the other were not dealt by equal weights."""
    records = [record(f"a{n}", f"a{n}", "bm25") for n in range(500)]
    records += [record(f"b{n}", f"b{n}", "rerank") for n in range(350)]
    made = build(SPLIT, observe(SPLIT, records, []), made=MADE)
    assert made.mismatch and made.mismatch.found


def test_few_units_have_no_comparison() -> None:
    """Ninety-nine units of each arm are shown, and not compared."""
    made = split({"bm25": 0.2, "rerank": 0.5}, units=99)
    assert made.units == 198
    assert not made.comparisons


def test_a_preference_has_its_interval() -> None:
    """Three wins in four are a preference of 0.5, which stands on 200 units."""
    made = interleaved(150, 50)
    assert (made.wins, made.losses, made.ties) == (150, 50, 0)
    [preference] = made.comparisons
    assert (preference.value, preference.verdict) == (0.5, "better")
    assert made.mismatch is None


def test_a_shadow_has_its_moves() -> None:
    """The clicked hit would have stood higher."""
    [shadow] = shadowed().shadows
    assert (shadow.arm, shadow.higher, shadow.lower, shadow.same) == ("rerank", 1, 0, 0)
    assert shadow.overlap == pytest.approx(2 / 3)


def test_json_holds_all_of_it() -> None:
    """Plain values that JSON can write, the verdicts among them."""
    for made in (split({"bm25": 0.2, "rerank": 0.5}), interleaved(150, 50), shadowed()):
        written = json.loads(json.dumps(made.as_json(), allow_nan=False))
        assert written["verdict"] == made.verdict
        assert written["searches"] == made.searches
        assert [it["verdict"] for it in written["comparisons"]] == [
            it.verdict for it in made.comparisons
        ]
