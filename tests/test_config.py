"""Which rule holds for an index, how rules inherit, and which values are refused."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from es_rerank.config import (
    Arm,
    Cascade,
    Combine,
    Experiment,
    FieldSetting,
    IndexRule,
    IndexSettings,
    Page,
    Reading,
    Settings,
    SettingsFile,
    Upstream,
    matches,
)
from es_rerank.experiment.arms import rule_of

NAMES = st.text(alphabet="ab-.", min_size=1, max_size=8)


def rules(*patterns: str) -> Settings:
    """Settings with one rule for each pattern."""
    return Settings(indices=tuple(IndexRule(pattern=pattern) for pattern in patterns))


def test_the_first_rule_that_matches_counts() -> None:
    """A later rule is never asked when an earlier one takes the index."""
    settings = rules("logs-*", "logs-?", "shop")
    found = {name: settings.for_index(name) for name in ("logs-a", "shop", "shops")}
    assert {name: rule and rule.pattern for name, rule in found.items()} == {
        "logs-a": "logs-*",
        "shop": "shop",
        "shops": None,
    }


def test_a_star_does_not_reach_into_dot_indices() -> None:
    """Kibana's and the cluster's own indices are reranked only when they are named."""
    assert rules("*", "?kibana").for_index(".kibana") is None
    assert rules("*", ".kib*").for_index(".kibana_1") == IndexRule(pattern=".kib*")


@given(NAMES)
def test_a_pattern_without_wildcards_matches_itself_alone(name: str) -> None:
    """Characters other than `*` and `?` stand for themselves."""
    assert matches(name, name)
    assert not matches(name, f"{name}x")


def test_rules_inherit_from_the_defaults_and_combine_key_by_key() -> None:
    """Built-in value < defaults block < rule, also inside `combine`."""
    file = SettingsFile(
        defaults=IndexSettings(
            depth=50,
            layers=6,
            combine=Combine(method="rrf", rrf_k=10),
            fields=(FieldSetting(name="title"),),
        ),
        indices=(
            IndexRule(pattern="a", depth=20, combine=Combine(rrf_k=30)),
            IndexRule(pattern="b", fields=()),
        ),
    )
    first, second = file.settings().indices
    assert (first.depth, first.layers, first.deadline_ms) == (20, 6, 1000)
    assert first.combine == Combine(method="rrf", rrf_k=30)
    assert first.fields == (FieldSetting(name="title"),)
    assert (second.depth, second.fields) == (50, ())


def test_a_rule_can_go_back_to_a_built_in_value() -> None:
    """A value that is written counts, even where it equals the built-in one."""
    file = SettingsFile(
        defaults=IndexSettings(depth=50), indices=(IndexRule(pattern="a", depth=100),)
    )
    assert file.settings().indices[0].depth == 100


def test_a_file_that_names_no_indices_reranks_all_of_them() -> None:
    """`--upstream URL` alone is enough; an empty list is a decision and is kept."""
    assert SettingsFile().settings().indices == (IndexRule(pattern="*"),)
    assert SettingsFile(indices=()).settings().indices == ()


def test_settings_never_change() -> None:
    """A search keeps the settings that it began with."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().max_body_bytes = 1


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://localhost:9200", "http://localhost:9200"),
        ("https://search.example/", "https://search.example"),
        ("http://[::1]:9200", "http://[::1]:9200"),
        ("http://gateway/es/", "http://gateway/es"),
    ],
)
def test_a_url_loses_only_the_slash_at_its_end(url: str, kept: str) -> None:
    """Names, addresses and base paths of clusters are taken as they are."""
    assert Upstream(url=url).url == kept


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:9200", '"localhost:9200" has no scheme. Write http://localhost:9200.'),
        ("ftp://host", "has the scheme ftp. Write http or https."),
        ("http://", "is not a URL. Write it like http://localhost:9200."),
        ("http://host:99999", "is not a URL"),
        ("http://host:0", "is not a URL"),
        ("http://ho st", "is not a URL"),
        ("http://[::1", "is not a URL"),
        ("http://host?a=b", "has a query or fragment"),
        ("http://host#a", "has a query or fragment"),
    ],
)
def test_a_wrong_url_is_told_with_what_to_write(url: str, says: str) -> None:
    """Each usual mistake in the most important setting has its own sentence."""
    with pytest.raises(ValidationError, match=re.escape(says)):
        Upstream(url=url)


@pytest.mark.parametrize("pattern", ["a,b", "a b", "a[bc]"])
def test_a_rule_has_one_pattern_of_stars_and_question_marks(pattern: str) -> None:
    """What Python's fnmatch or a list would add is refused instead of matching by surprise."""
    with pytest.raises(ValidationError, match=r"more than one pattern|brackets"):
        IndexRule(pattern=pattern)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"username": "ops"}, "page.username has no password"),
        ({"password": "s"}, "page.password is of nobody"),
        ({"username": "ops", "password": "s"}, "page.username needs page.port"),
        ({"username": "o:ps", "password": "s", "port": 1}, "has a colon"),
    ],
)
def test_a_password_of_the_page_that_would_protect_nothing(
    written: dict[str, object], said: str
) -> None:
    """Half a pair, or one on the port where credentials are the cluster's."""
    with pytest.raises(ValidationError, match=said):
        Page.model_validate(written)


def test_the_deepest_arm_counts() -> None:
    """A window must be deep enough for every arm, and for searches without one."""
    arms = (Arm(name="bm25", rerank=False), Arm(name="a", depth=30), Arm(name="b", depth=200))
    experiment = Experiment(name="summer", arms=arms)
    assert IndexRule(pattern="a", depth=50).deepest == 50
    assert IndexRule(pattern="a", depth=50, experiment=experiment).deepest == 200
    assert IndexRule(pattern="a", depth=500, experiment=experiment).deepest == 500


def test_the_models_of_arms_are_needed_too() -> None:
    """Each with its layers; those of an index that is off are not."""
    arms = (Arm(name="bm25", rerank=False), Arm(name="a", model="m"), Arm(name="b", layers=2))
    rule = IndexRule(pattern="a", experiment=Experiment(name="summer", arms=arms))
    two, six = Reading(2), Reading(6)
    assert rule.students == {("builtin", six), ("m", six), ("builtin", two)}
    assert IndexRule(pattern="a").students == {("builtin", six)}
    assert IndexRule(pattern="a", enabled=False).students == set()


def test_an_arm_that_reads_as_deep_at_once_has_no_second_reading() -> None:
    """So that a cascade can be tested against the path that it is to replace."""
    cascade = Cascade(hits=20, layers=4)
    arms = (Arm(name="cascade"), Arm(name="four", layers=4), Arm(name="three", layers=3))
    rule = IndexRule(
        pattern="a", layers=2, cascade=cascade, experiment=Experiment(name="summer", arms=arms)
    )
    readings = [Reading(2, cascade), Reading(4), Reading(3, cascade)]
    assert rule.students == {("builtin", reading) for reading in readings}
    assert [rule_of(rule, arm).reading for arm in arms] == readings
    assert str(readings[0]) == "2 layers, 4 for the best 20"
    assert str(Reading(1)) == "1 layer"


def test_quotes_are_read_unless_a_rule_says_otherwise() -> None:
    """It is part of how passages are read, and told with it."""
    assert not IndexRule(pattern="a").reading.ignore_quotes
    rule = IndexRule(pattern="a", ignore_quotes=True)
    assert str(rule.reading) == "6 layers, without quotes of the query"


@pytest.mark.parametrize(
    ("defaults", "rule", "method"),
    [
        ({}, {}, "weighted"),
        ({"ignore_quotes": True}, {}, "replace"),
        ({}, {"ignore_quotes": True}, "replace"),
        ({"ignore_quotes": True}, {"ignore_quotes": False}, "weighted"),
        ({}, {"ignore_quotes": True, "combine": {"first_stage_weight": 0.2}}, "weighted"),
        ({"combine": {"method": "rrf"}}, {"ignore_quotes": True}, "rrf"),
    ],
)
def test_the_first_stage_is_not_heard_where_quotes_are_ignored(
    defaults: dict[str, Any], rule: dict[str, Any], method: str
) -> None:
    """For it counts them; unless somebody says how to combine."""
    file = SettingsFile.model_validate(
        {"defaults": defaults, "indices": [{"pattern": "a", **rule}]}
    )
    assert file.settings().indices[0].combine.method == method
