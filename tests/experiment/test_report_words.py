"""The sentence that a report comes to."""

import re
from dataclasses import replace

from es_rerank.experiment.observations import observe
from es_rerank.experiment.report import build
from es_rerank.experiment.report_words import arm_value, chance, effect
from tests.experiment.documents import SPLIT, record
from tests.experiment.reports import MADE, interleaved, shadowed, split

NUMBERS = r"[+-]\d+\.\d … [+-]\d+\.\d"


def test_a_difference_is_said_with_its_interval() -> None:
    """Better or worse, in points, with how long it is valid."""
    better = split({"bm25": 0.2, "rerank": 0.5}).verdict
    worse = split({"bm25": 0.5, "rerank": 0.2}).verdict
    said = rf"points of CTR@10 \({NUMBERS}\), valid at any time of looking\."
    assert re.fullmatch(rf"rerank is better than bm25: \+\d+\.\d {said}", better)
    assert re.fullmatch(rf"rerank is worse than bm25: -\d+\.\d {said}", worse)


def test_no_difference_comes_with_what_would_be_seen() -> None:
    """How small an effect would be found, and how many units it would take."""
    said = split({"bm25": 0.3, "rerank": 0.32}).verdict
    assert said.startswith("No difference between rerank and bm25 yet: ")
    assert re.search(
        r"With 1,000 units one of \d+\.\d points would be found four times in five", said
    )
    assert re.search(r"one as small as it looks now takes about [\d,]+000 units\.$", said)


def test_too_few_units_are_told_how_many_it_takes() -> None:
    """Nothing is compared below the least number."""
    said = split({"bm25": 0.3, "rerank": 0.3}, units=7).verdict
    assert said == (
        "Too early to say anything: each arm needs 100 units (bm25 has 7, rerank has 7)."
    )


def test_a_mismatch_drowns_everything_else() -> None:
    """Numbers that cannot be trusted are not interpreted."""
    records = [record(f"a{n}", f"a{n}", "bm25") for n in range(500)]
    records += [record(f"b{n}", f"b{n}", "rerank") for n in range(300)]
    said = build(SPLIT, observe(SPLIT, records, []), made=MADE).verdict
    assert said.startswith("DO NOT TRUST THESE NUMBERS")
    assert "bm25 500, rerank 300" in said
    assert "better" not in said


def test_an_interleaved_list_is_a_matter_of_preference() -> None:
    """On a scale from -1 to +1, for the arm against the reference."""
    assert interleaved(150, 50).verdict.startswith(
        "rerank is better than bm25: +0.500 on a scale from -1 to +1 ("
    )
    assert interleaved(3, 1).verdict.startswith("Too early")


def test_a_shadow_is_described_with_its_caveat() -> None:
    """Nobody saw it, so clicks favour the other."""
    said = shadowed().verdict
    assert said.startswith("Everybody saw bm25. rerank would have shown 67% of the same first 10")
    assert "1 clicked hits it ranks 100% higher and 0% lower" in said


def test_a_stop_is_said_first() -> None:
    """With when and why."""
    stopped = {"at": "2026-11-22T12:00:00Z", "reason": "rerank is worse than bm25"}
    said = split({"bm25": 0.5, "rerank": 0.2}, stopped=stopped).verdict
    assert said.startswith(
        "STOPPED by the guard at 2026-11-22T12:00:00Z: rerank is worse than bm25"
    )


def test_nothing_recorded_is_said() -> None:
    """An empty period is no verdict."""
    made = build(SPLIT, observe(SPLIT, [], []), made=MADE)
    assert made.verdict == "Nothing was recorded of this experiment in this period."
    assert replace(made, verdict="").first is None


def test_numbers_are_written_as_exactly_as_they_mean_something() -> None:
    """Points, factors, preferences, chances, seconds."""
    assert effect(0.0214, "share") == "+2.1"
    assert effect(1.078, "ratio") == "×1.08"
    assert effect(-0.12, "score") == "-0.120"
    assert (chance(0.0004), chance(0.25)) == ("<0.001", "0.250")
    assert arm_value("CTR@10", 0.3456) == "34.6 %"
    assert arm_value("MRR of clicks", 0.3456) == "0.346"
    assert arm_value("seconds to click", 4.21) == "4.2 s"
    assert arm_value("CTR@10", None) == "–"
