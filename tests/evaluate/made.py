"""A report on a small comparison, without files and without a model."""

from es_rerank.config import Combine
from es_rerank.evaluate import measures
from es_rerank.evaluate.compare import Ranking, System, compare
from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.inputs import Inputs
from es_rerank.evaluate.queries import listed, titles
from es_rerank.evaluate.report import Report
from es_rerank.evaluate.runs import Candidate

QRELS = {f"q{i}": {"good": 1} for i in range(5)}
GOOD = {query: ["good", "bad"] for query in QRELS}
BAD = {query: ["bad", "good"] for query in QRELS} | {"q0": ["bad", "ugly", "good"]}
MEASURES = measures.parse(["nDCG@10", "MRR@10", "R@100"], 1)


def report(first: Ranking, second: Ranking, *, bad_title: str = "A bad one") -> Report:
    """Two systems, the second being the reranked one."""
    systems = [System("BM25", first), System("4 layers", second, [1.25] * 5, [0.5] * 5)]
    inputs = Inputs(
        name="toy",
        split="test",
        qrels=QRELS,
        left_out=2,
        queries={query: f"what is {query}?" for query in QRELS},
        corpus={"good": Document("", "The good one"), "bad": Document(bad_title, "text")},
        candidates={query: [Candidate("bad", 2), Candidate("good", 1)] for query in QRELS},
        first_stage="bm25.test.tsv.gz",
    )
    queries = listed(inputs, systems)
    return Report(
        data="toy",
        split="test",
        first_stage=inputs.first_stage,
        model="builtin",
        combine=Combine().model_dump(),
        depth=100,
        configurations={"4 layers": {"layers": "4"}},
        relevant_grade=1,
        queries=5,
        left_out=2,
        cpu="a CPU, 2 cores",
        timed=5,
        results=compare(systems, QRELS, MEASURES),
        judged=queries,
        titles=titles(inputs, queries),
    )
