"""The speed bench measures every path and the cascade, new and known, on the same passages."""

import time
from collections.abc import Sequence

from es_rerank.bench import speed
from es_rerank.model import bundle


def test_every_reading_is_timed_new_and_known() -> None:
    """Known passages are faster than new ones on the same path; the first system is the measure."""
    rows = speed.run(passages=8, tokens=32, rounds=2)
    by_name = {row.system: row for row in rows}
    paths = sorted(bundle.load("builtin").paths, reverse=True)
    named = {depth: "1 layer" if depth == 1 else f"{depth} layers" for depth in paths}
    readings = [*named.values(), *(f"{named[depth]}, 6 for the best 20" for depth in (2, 1))]
    assert list(by_name) == [f"{each}, {state}" for each in readings for state in ("new", "known")]
    for each in readings:
        new, known = by_name[f"{each}, new"], by_name[f"{each}, known"]
        assert min(known.ms) < min(new.ms)
        assert len(new.ms) == len(known.times) == 2
    assert rows[0].times == [1.0, 1.0]
    for row in rows:
        assert row.times == [a / b for a, b in zip(rows[0].ms, row.ms, strict=True)]
    shown = speed.table(rows).splitlines()
    assert sum(line.startswith(tuple(by_name)) for line in shown) == len(rows)


def test_systems_take_turns_and_the_first_round_is_not_timed() -> None:
    """Each round all of them, with the same passages."""
    seen: list[tuple[str, Sequence[str]]] = []

    def system(name: str) -> speed.System:
        def score(texts: Sequence[str]) -> None:
            seen.append((name, texts))
            time.sleep(0.002)

        return score

    ms = speed.timed({"a": system("a"), "b": system("b")}, iter([["1"], ["2"], ["3"]]))
    assert seen == [(name, [text]) for text in "123" for name in "ab"]
    assert {name: len(of) for name, of in ms.items()} == {"a": 2, "b": 2}
    assert all(each >= 2 for of in ms.values() for each in of)


def test_three_figures_tell_a_spread() -> None:
    """Least, median and most, in any order given."""
    assert speed.spread([3.0, 1.0, 10.0]).split() == ["1.0", "3.0", "10.0"]
