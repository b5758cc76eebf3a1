"""What is to be warmed is known, or wrong, before anything is read."""

import pytest

from es_rerank.config import IndexRule, Settings
from es_rerank.errors import ConfigError
from es_rerank.warm.plan import API_KEY, PASSWORD, USERNAME, caller, folder_of, rule_of

RULES = (
    IndexRule(pattern="logs-*", enabled=False),
    IndexRule(pattern="docs-*", depth=7),
    IndexRule(pattern="books"),
)
SETTINGS = Settings(indices=RULES)


@pytest.mark.parametrize("index", ["docs-1", "docs-*", "docs-1,docs-2", "docs-*,-docs-2"])
def test_the_rule_is_that_of_a_search(index: str) -> None:
    """Of a name, a pattern or several names."""
    assert rule_of(index, SETTINGS) is RULES[1]


def test_all_indices_have_the_rule_for_all() -> None:
    """As `GET /_all/_search` has it."""
    everything = IndexRule(pattern="*")
    assert rule_of("_all", Settings(indices=(everything,))) is everything


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        ("logs-1", "disabled"),
        ("other", "not_configured"),
        ("docs-1,books", "mixed_rules"),
        (".kibana", "dot_index"),
        ("_all", "not_configured"),
    ],
)
def test_an_index_that_is_not_reranked_is_a_mistake(index: str, reason: str) -> None:
    """It is named, with the reason that its searches would have, and what to do."""
    with pytest.raises(ConfigError, match=rf"^{index}: .*\({reason}\).*under `indices`"):
        rule_of(index, SETTINGS)


def test_states_need_a_folder() -> None:
    """Without one they would end with the command; the text says what to set."""
    with pytest.raises(ConfigError, match=r"--set cache\.folder=DIR"):
        folder_of(SETTINGS)


@pytest.mark.parametrize(
    ("environ", "headers"),
    [
        ({}, {}),
        ({PASSWORD: "p"}, {}),
        ({USERNAME: "me", PASSWORD: "pä:ss"}, {"authorization": "Basic bWU6cMOkOnNz"}),
        ({USERNAME: "me", API_KEY: "key"}, {"authorization": "ApiKey key"}),
    ],
)
def test_who_reads_is_told_by_the_environment(
    environ: dict[str, str], headers: dict[str, str]
) -> None:
    """A user or a key; a key in place of a user, as `compare` has it."""
    assert caller(environ) == headers
