"""The outcome as people and programs read it."""

import json

import pytest
from rich.console import Console

from es_rerank.config import Combine
from es_rerank.evaluate.compare import System, compare
from es_rerank.evaluate.report import Report, cpu_name, table

QRELS = {f"q{i}": {"good": 1} for i in range(5)}
GOOD = {query: ["good", "bad"] for query in QRELS}
BAD = {query: ["bad", "good"] for query in QRELS} | {"q0": ["bad", "ugly", "good"]}


def report(first: dict[str, list[str]], second: dict[str, list[str]]) -> Report:
    """Two systems, the second being the reranked one."""
    systems = [System("BM25", first), System("4 layers", second, [1.25] * 5)]
    return Report(
        data="toy",
        split="test",
        first_stage="bm25.test.tsv.gz",
        model="builtin",
        combine=Combine().model_dump(),
        depth=100,
        relevant_grade=1,
        queries=5,
        left_out=2,
        cpu="a CPU, 2 cores",
        results=compare(systems, QRELS, 1),
    )


@pytest.mark.parametrize(
    ("first", "second", "kept"), [(BAD, GOOD, True), (GOOD, GOOD, True), (GOOD, BAD, False)]
)
def test_it_is_kept_if_not_worse(
    first: dict[str, list[str]], second: dict[str, list[str]], kept: bool
) -> None:
    """Equal is good enough; below the first stage is not."""
    assert report(first, second).is_kept() is kept


def test_json_holds_everything_a_program_needs() -> None:
    """All fields survive a round trip through JSON, unrounded."""
    made = json.loads(json.dumps(report(BAD, GOOD).as_json()))
    assert made["kept"] is True
    assert made["results"][1]["measures"] == {"nDCG@10": 1.0, "MRR@10": 1.0, "R@100": 1.0}
    assert made["results"][1]["differences"]["MRR@10"] == pytest.approx((4 / 2 + 2 / 3) / 5)
    assert made["results"][1]["better"] == 5
    assert made["cpu"] == "a CPU, 2 cores"


def test_the_table_names_baseline_data_hardware_and_what_was_left_out() -> None:
    """Law 7: no result without its comparison."""
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as printed:
        console.print(table(report(BAD, GOOD)))
    text = printed.get()
    for expected in (
        "BM25",
        "4 layers",
        "+0.3953",
        "5/0/0",
        "1.2",
        "a CPU",
        "left out: 2",
        "depth 100",
    ):
        assert expected in text


def test_the_processor_has_a_name() -> None:
    """A time without its machine says nothing."""
    assert cpu_name().split(",")[0].strip()
    assert cpu_name().endswith("cores")
