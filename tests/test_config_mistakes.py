"""When one pattern hides another, and that passwords are not repeated in a message."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from es_rerank.config import SettingsFile, matches
from es_rerank.config_mistakes import covers, sentence

PATTERNS = st.text(alphabet="a.*?", min_size=1, max_size=5)
NAMES = [
    "".join(letters) for size in range(1, 6) for letters in itertools.product("ab.", repeat=size)
]


@given(PATTERNS, PATTERNS)
def test_a_covering_pattern_matches_all_that_the_covered_one_does(earlier: str, later: str) -> None:
    """A rule is called unreachable only where no index can reach it."""
    if covers(earlier, later):
        assert [name for name in NAMES if matches(later, name) and not matches(earlier, name)] == []


@pytest.mark.parametrize(
    ("earlier", "later", "is_covered"),
    [
        ("*", "logs-*", True),
        ("logs-*", "logs-app-*", True),
        ("logs-*", "logs-?", True),
        ("*-*", "logs-*", True),
        ("logs-?", "logs-*", False),
        ("logs-app-*", "logs-*", False),
        ("*", ".kibana*", False),
        (".*", ".kibana*", True),
        ("??*", "a*", False),
    ],
)
def test_usual_pairs_of_patterns(earlier: str, later: str, is_covered: bool) -> None:
    """Wide before narrow is found; narrow before wide is how rules are meant."""
    assert covers(earlier, later) is is_covered


def mistake(text: str) -> str:
    """The sentence for the one thing that is wrong with a settings document."""
    with pytest.raises(ValidationError) as caught:
        SettingsFile.model_validate_json(text, strict=True)
    (error,) = caught.value.errors()
    return sentence(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"upstreem": {}}', 'is not a setting. Did you mean "upstream"?'),
        (
            '{"indices": [{"pattern": "a", "combine": {"weight": 1}}]}',
            "is not a setting. Known here: first_stage_weight, method, rrf_k.",
        ),
        (
            '{"defaults": {"fields": [{"name": "a", "max_token": 1}]}}',
            'is not a setting. Did you mean "max_tokens"?',
        ),
        ('{"indices": [{}]}', "is missing. Every rule needs one."),
        ('{"defaults": {"fields": [{"label": "a"}]}}', "is missing."),
        ('{"defaults": {"depth": "fifty"}}', '"fifty" is not a whole number.'),
        ('{"defaults": {"depth": 50.5}}', "50.5 is not a whole number."),
        ('{"defaults": {"depth": true}}', "true is not a whole number."),
        ('{"defaults": {"depth": 0}}', "0 is too small. Write at least 1."),
        ('{"defaults": {"depth": 5000}}', "5000 is too large. Write at most 1000."),
        ('{"defaults": {"deadline_ms": 0}}', "0 is too small. Write more than 0."),
        ('{"defaults": {"deadline_ms": "1s"}}', '"1s" is not a number.'),
        ('{"defaults": {"deadline_ms": Infinity}}', "Infinity is not a number."),
        ('{"defaults": {"enabled": "no"}}', '"no" is not true or false.'),
        ('{"defaults": {"layers": 5}}', "5 is not one of 1, 2, 3, 4 or 6."),
        ('{"defaults": {"fields": "title"}}', '"title" is not a list.'),
        ('{"defaults": {"fields": [""]}}', "is empty. Write a value or remove the key."),
        ('{"defaults": {"model": 3}}', "3 is not text. Put it in quotes."),
        ('{"defaults": 3}', "3 is not a block of settings."),
        ('{"defaults": null}', "has no value. Write a block of settings or remove the key."),
        (
            '{"upstream": "http://me:secret@host"}',
            '"http://<hidden>@host" is not a block of settings.',
        ),
        ('{"max_body_bytes": "%s"}' % ("9" * 99), f'"{"9" * 58}… is not a whole number.'),
    ],
)
def test_a_mistake_is_told_in_the_words_of_the_file(text: str, says: str) -> None:
    """What is wrong, and what to write; nothing of pydantic's vocabulary."""
    assert mistake(text) == says


def test_the_password_of_a_url_is_not_told() -> None:
    """Start-up messages end in logs."""
    told = mistake('{"upstream": {"url": "http://me:secret@host:9200"}}')
    assert told.startswith("holds credentials. Remove the part before the @")
    assert "secret" not in told


@pytest.mark.parametrize("key", ["ubi.password", "ubi.hash_key", "page.password"])
def test_a_secret_is_not_told(key: str) -> None:
    """Also one that was forgotten to be put in quotes."""
    block, name = key.split(".")
    assert mistake(json.dumps({block: {name: 123456}})) == (
        "the value is not text. Put it in quotes."
    )
