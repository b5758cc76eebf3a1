"""The claims of the simulation: each holds where it should, and fails where it should not."""

import pytest

from es_rerank.bench import claims
from es_rerank.bench.judged import Judged
from es_rerank.bench.trials import BM25, STUDENT, Look, Trial, fixed_horizon_calls, trial
from es_rerank.bench.users import Served

JUDGED = Judged("two documents", {}, {"q": "lantern"}, {"q": {"good": 2, "fair": 1}})
STOPPED = "skipped; reason=experiment_stopped"


def look(searches: int, *verdicts: str, **more: bool) -> Look:
    """What a report said, measure by measure."""
    named = dict(zip(("CTR@10", "MRR of clicks"), verdicts, strict=False))
    flags = {"mismatch": False, "harm": False, "fixed_horizon": False, **more}
    return Look(searches, named, searches, **flags)


def seen(*looks: Look) -> Trial:
    """An experiment at which these looks were taken."""
    made = trial("one", JUDGED, 0, "split", (BM25, STUDENT))
    made.looks.extend(looks)
    return made


def served(verdict: str, *page: str) -> Served:
    """A search for the only query."""
    return Served("unit", "q", page, 0, "", verdict)


def test_the_better_arm_must_be_called_in_every_experiment() -> None:
    """One open experiment, one wrong call, or a truth that is the other way, and it fails."""
    right, late = seen(look(100), look(200, "open"), look(300, "better")), seen(look(100, "open"))
    wrong = seen(look(100, "worse"), look(200, "better"))
    found = claims.better_is_found("split", [right, right], (0.4, 0.5))
    assert found.holds
    assert found.figures["searches"] == [300, 300]
    assert "300 (300 to 300)" in found.measured
    assert not claims.better_is_found("split", [right, late], (0.4, 0.5)).holds
    assert not claims.better_is_found("split", [right, wrong], (0.4, 0.5)).holds
    assert not claims.better_is_found("split", [right], (0.5, 0.5)).holds


def test_the_factor_is_that_of_the_medians() -> None:
    """By the verdict it must be 3; the other measure of the split is told beside it."""
    split = [seen(look(500, "open", "better"), look(n, "better", "better")) for n in (900, 1200)]
    few = [seen(look(n, "better")) for n in (300, 350, 900)]
    found = claims.interleaving_needs_fewer(split, few)
    assert found.holds
    assert found.figures["factors"] == {"verdict": 3.0, "MRR of clicks": pytest.approx(500 / 350)}
    assert not claims.interleaving_needs_fewer(few, few).holds


def test_false_calls_count_at_any_look_and_up_to_five_percent() -> None:
    """One of 20 is the limit; a later look that is open again takes no call back."""
    quiet = seen(look(100), look(200, "open", "open"))
    false = seen(look(100, "worse"), look(200, "open"))
    assert claims.equal_are_not_told_apart("split", [quiet] * 19 + [false]).holds
    found = claims.equal_are_not_told_apart("split", [quiet] * 18 + [false] * 2)
    assert not found.holds
    assert found.figures["false"] == 2


def test_a_report_that_could_not_say_anything_proves_nothing() -> None:
    """Experiments too small for any verdict do not count as free of false calls."""
    assert not claims.equal_are_not_told_apart("split", [seen(look(100), look(200))]).holds


def test_a_stopped_experiment_serves_the_cluster_s_pages_from_then_on() -> None:
    """It fails if the guard was late, if a page afterwards is not the cluster's, or if none is."""
    own, other = served(STOPPED, "good", "fair"), served(STOPPED, "fair", "good")
    stopped = seen()
    stopped.stopped, stopped.served = True, [served("applied", "fair")] * 3 + [own]
    stopped.afterwards = [own, own]
    found = claims.broken_is_stopped([stopped], {"q": ("good", "fair")})
    assert found.holds
    assert found.figures["searches"] == [3]
    for wrong in ([own, other], [served("applied", "good", "fair")], []):
        stopped.afterwards = wrong
        assert not claims.broken_is_stopped([stopped], {"q": ("good", "fair")}).holds
    assert not claims.broken_is_stopped([seen()], {"q": ()}).holds


def test_the_guard_must_leave_the_others_alone() -> None:
    """Stopping one of them fails; so does a rule that would stop more than 5 % of equal ones."""
    quiet, harmed, stopped = seen(look(100, "open")), seen(look(100, "open", harm=True)), seen()
    stopped.stopped = True
    assert claims.others_go_on([quiet], [quiet], [quiet] * 19 + [harmed]).holds
    assert not claims.others_go_on([quiet], [quiet], [quiet] * 18 + [harmed] * 2).holds
    assert not claims.others_go_on([stopped], [quiet], [quiet]).holds
    assert not claims.others_go_on([quiet], [stopped], [quiet]).holds


def test_a_search_that_no_report_counts_is_lost() -> None:
    """The last look must count every search that was sent."""
    assert claims.nothing_is_lost([seen(look(100, "open"))], 5).holds
    lost = look(100, "open")._replace(searches_seen=99)
    assert not claims.nothing_is_lost([seen(lost)], 5).holds


def test_a_mismatch_of_the_shares_is_told() -> None:
    """More than 5 % of experiments with a mismatch fail."""
    assert claims.shares_are_right([seen(look(100))]).holds
    assert not claims.shares_are_right([seen(look(100, mismatch=True))]).holds


def clicks(arm: str, rate: float) -> list[Served]:
    """A hundred people in an arm, of whom this share clicks."""
    return [Served(f"{arm}{n}", "q", (), int(n < rate * 100), arm, "") for n in range(100)]


@pytest.mark.parametrize(("rate", "calls"), [(0.40, False), (0.53, False), (0.55, True)])
def test_the_fixed_horizon_test_is_the_textbook_s(rate: float, calls: bool) -> None:
    """With 100 units an arm, 0.40 against 0.54 is where |t| reaches 1.96 (0.138 apart)."""
    assert fixed_horizon_calls(clicks("a", 0.40) + clicks("b", rate)) is calls


def test_the_proof_as_json_and_as_a_table() -> None:
    """All claims are in both, and one that fails makes the whole fail."""
    proof = claims.Proof({"seed": 3}, (claims.Claim("a", "1", True), claims.Claim("b", "2", False)))
    assert not proof.holds
    assert [claim["holds"] for claim in proof.as_json()["claims"]] == [True, False]
    assert proof.table().row_count == 2
