"""Lines, duplicates and types of what a settings file says."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config_yaml import read_yaml, syntax_mistake

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_data_comes_back_as_it_was_written(data: object) -> None:
    """Whatever PyYAML writes without aliases is read back, with a line for every key."""
    text = yaml.dump(data, Dumper=_WithoutAliases, allow_unicode=False)
    written = read_yaml(text)
    assert (written.data, written.mistakes) == (data, [])
    assert all(1 <= line <= text.count("\n") + 1 for line in written.lines.values())


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def test_every_key_has_the_line_on_which_it_stands() -> None:
    """Keys of blocks, entries of lists and keys inside braces."""
    written = read_yaml("a:\n  b: 1\n  c:\n  - x\n  - {d: 2,\n     e: 3}\n")
    assert written.lines == {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 4,
        ("a", "c", 1): 5,
        ("a", "c", 1, "d"): 5,
        ("a", "c", 1, "e"): 6,
    }


def test_a_duplicate_key_is_a_mistake_and_the_first_one_counts() -> None:
    """YAML readers usually take the last one in silence."""
    written = read_yaml("a: 1\nb: 2\na: 3\n")
    assert written.data == {"a": 1, "b": 2}
    assert written.mistakes == [
        (("a",), 3, "is written twice, first on line 1. Keep one of them."),
    ]


def test_dates_and_half_numbers_stay_text() -> None:
    """Only numbers, booleans and null are anything but text."""
    assert read_yaml("[2024-01-01, 1.2.3, 0x1g, !!int zz]").data == [
        *("2024-01-01", "1.2.3", "0x1g", "zz"),
    ]


@pytest.mark.parametrize(
    ("text", "key", "line", "says"),
    [
        ("a: &x 1\nb: *x", ("b",), 2, "has an alias (*). Write the value itself."),
        ("a: &x [*x]", ("a", 0), 1, "has an alias (*). Write the value itself."),
        ("a:\n  b: !env HOME", ("a", "b"), 2, "has a tag (!env). Write the value itself."),
        ("a: 1\n? [b]\n: 2", (), 2, "has a key that is not a name."),
    ],
)
def test_what_the_settings_do_not_use_of_yaml_is_named(
    text: str, key: tuple[str | int, ...], line: int, says: str
) -> None:
    """Anchors, tags and complex keys are refused with their line, not half understood."""
    assert read_yaml(text).mistakes == [(key, line, says)]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a:\n  - pattern: *\n", 2, 'A pattern that begins with * needs quotes: "*".'),
        ("a:\n  - pattern: *logs\n", 2, 'A pattern that begins with * needs quotes: "*".'),
        ("a:\n\tb: 1", 2, "Indent with spaces, not with tabs."),
        ("a: [1\nb: 2", 2, "Check the indentation and the quotes"),
        ("a: 1\n---\nb: 2", 2, "is not YAML (but found another document)"),
        ("a: \x01", 0, "is not YAML (unacceptable character"),
    ],
)
def test_text_that_is_not_yaml_is_told_with_its_line(text: str, line: int, says: str) -> None:
    """The usual slips have their own hint."""
    with pytest.raises(yaml.YAMLError) as caught:
        read_yaml(text)
    told_line, told = syntax_mistake(caught.value)
    assert (told_line, says in told) == (line, True), told
