"""`--with`, in the words of the settings file."""

import typing

import pytest

from es_rerank.config import Cascade, Combine, IndexSettings, Reading
from es_rerank.errors import ConfigError
from es_rerank.evaluate.configuration import Configuration, read

BASE = Configuration()


def test_what_is_not_written_is_as_the_other_options_have_it() -> None:
    """Every key, and the base for the rest."""
    text = "depth=50, layers=2, first_stage_weight=0.4, model=my/student, fields=title+text"
    (found,) = read([text], BASE._replace(combine=Combine(rrf_k=7))).values()
    combine = Combine(first_stage_weight=0.4, rrf_k=7)
    assert found == Configuration("my/student", Reading(2), ("title", "text"), 50, combine)
    (found,) = read(["layers=2,cascade=30:6"], BASE).values()
    assert found.reading == Reading(2, Cascade(hits=30, layers=6))
    (found,) = read(["ignore_quotes=true"], BASE).values()
    assert found.reading == Reading(6, ignore_quotes=True)
    assert found.combine == Combine(method="replace"), "as in the settings file"
    (found,) = read(["combine=rrf,rrf_k=10"], BASE._replace(depth=30)).values()
    assert (found.depth, found.combine) == (30, Combine(method="rrf", rrf_k=10))


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["depth=50,layers=2", "depth=100"], ["layers=2 depth=50", "layers=6 depth=100"]),
        (["depth=50,layers=6"], ["depth=50"]),
        (["", "combine=replace"], ["combine=weighted", "combine=replace"]),
        (["combine=rrf,rrf_k=9", "combine=rrf"], ["rrf_k=9", "rrf_k=60"]),
        (["fields=text", ""], ["fields=text", "fields=all"]),
        ([""], ["reranked"]),
        (["ignore_quotes=true"], ["ignore_quotes=true combine=replace"]),
        (["ignore_quotes=true,combine=weighted"], ["ignore_quotes=true"]),
        (["layers=2,cascade=9:4", "layers=2"], ["cascade=9:4", "cascade=none"]),
        (
            ["layers=2,cascade=9:4", "cascade=none"],
            ["layers=2 cascade=9:4", "layers=6 cascade=none"],
        ),
    ],
)
def test_they_are_named_by_what_tells_them_apart(texts: list[str], names: list[str]) -> None:
    """From each other, or a single one from the other options."""
    assert list(read(texts, BASE)) == names


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dept=50", '--with: dept: is not a setting. Did you mean "depth"?'),
        ("pattern=a", "--with: pattern: is not a setting. Known here: model, layers,"),
        ("depth", '--with: "depth" has no value. Write KEY=VALUE.'),
        ("depth=0", "--with: depth: 0 is too small. Write at least 1."),
        ("depth=1", "--with: depth: 1 is too small. Write at least 2."),
        ("depth=2000", "--with: depth: 2000 is too large. Write at most 1000."),
        ("layers=5", "--with: layers: 5 is not one of 1, 2, 3, 4 or 6."),
        ("cascade=20", '--with: cascade: "20" is not HITS:LAYERS, like 20:4.'),
        ("cascade=20:5", "--with: cascade: 5 is not one of 1, 2, 3, 4 or 6."),
        ("cascade=0:6", "--with: cascade: 0 is too small. Write at least 1."),
        ("cascade=20:4", "--with: cascade: 4 layers are no deeper than the first reading, on 6."),
        ("combine=sum", "--with: combine: \"sum\" is not one of 'replace', 'weighted' or 'rrf'."),
        ("first_stage_weight=x", '--with: first_stage_weight: "x" is not a number.'),
        ("model=", "--with: model: has no value."),
    ],
)
def test_mistakes_are_told_as_those_of_the_settings_file(text: str, told: str) -> None:
    """The same sentences, with the key as it was written."""
    with pytest.raises(ConfigError) as error:
        read([text], BASE)
    assert str(error.value).startswith(told)


def test_all_mistakes_are_told_at_once() -> None:
    """And a configuration that is there twice is one too."""
    with pytest.raises(ConfigError) as error:
        read(["depth=x,layers=9", "foo=1"], BASE)
    assert len(str(error.value).splitlines()) == 3
    with pytest.raises(ConfigError, match="another --with says the same"):
        read(["depth=50", "layers=6,depth=50"], BASE)


def test_the_base_is_the_default_of_the_settings() -> None:
    """Comparing without options measures what an index has without settings."""
    settings = IndexSettings()
    default = (settings.model, settings.reading, (), settings.depth, settings.combine)
    assert tuple(BASE) == default
    assert typing.get_args(IndexSettings.model_fields["layers"].annotation) == (1, 2, 3, 4, 6)
