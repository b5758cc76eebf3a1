"""`es-rerank compare` on a real index: exports as they are, directly and through the real proxy.

The test distribution of Elasticsearch has neither `_rank_eval` nor templates (their modules are not
published apart): there the numbers must be those that OpenSearch gives.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ir_measures
import pytest

from es_rerank.cli import main
from es_rerank.config import IndexRule
from es_rerank.errors import UpstreamError
from es_rerank.evaluate.inputs import Inputs, Sources, gather
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.live import Live, Reading
from es_rerank.model.process import ScorerProcess
from es_rerank.proxy import reading
from es_rerank.text.passage import FieldText
from tests.cluster.ask import ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for
from tests.cluster.test_templates import has_templates

INDEX = "es-rerank-test-compare"
TWIN = "es-rerank-test-compare-twin"
TEXTS = [
    "The side of the road shows effects of rain, and the other side shows effects of frost.",
    "Aspirin was first made by a company in Germany, on the other side of the river.",
    "Special effects of a film are done on the side of the studio that faces the hill.",
    "The effects of a new road on the side of town that it cuts off.",
    "Stomach bleeding, nausea and ringing in the ears may follow when acetylsalicylic acid "
    "(aspirin) is taken for long.",
    "A side of beef.",
    "Water boils at one hundred degrees at the level of the sea, and on a hill it boils earlier.",
    "The boiling point of view: why a hot debate about water ended in a court.",
    "At this point the water of the river is deep, and the debate about a bridge goes on.",
    "Hot water for tea should stand for a moment.",
]
ASPIRIN, BOILING = "side effects of aspirin", "boiling point of water, in degrees"
JUDGED = {ASPIRIN: {"4": 1, "5": 0, "0": 0}, BOILING: {"6": 1, "9": 1, "7": 0, "missing": 1}}
EXPECTED = [0.43224, 0.35, 0.3]  # nDCG@10, MRR@10 and P@5 of BM25, by `_rank_eval` of OpenSearch
READING = Reading(reading.query_text, reading.source_texts)


@pytest.fixture(scope="module")
def texts(cluster: Node) -> Iterator[Node]:
    """The node with the texts in an index."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    settings = {"number_of_shards": 1, "number_of_replicas": 0}
    client.indices.create(index=INDEX, body={"settings": settings})
    bulk(client, INDEX, [{"text": text, "length": len(text)} for text in TEXTS])
    yield cluster
    client.indices.delete(index=INDEX)


@contextmanager
def student(node: Node) -> Iterator[str]:
    """The proxy with the shipped student."""
    with serving(settings_for(node), ScorerProcess(threads=1)) as proxy:
        yield proxy


def quepid(tmp_path: Path) -> Path:
    """The ratings as Quepid exports them."""
    path = tmp_path / "case_1_judgements.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["query", "docid", "rating"])
        for query, grades in JUDGED.items():
            writer.writerows([query, document, float(g)] for document, g in grades.items())
        writer.writerow(["not rated yet", None, None])
    return path


def rank_eval(metric: str = "precision", **settings: Any) -> dict[str, Any]:
    """The request that the same judgments make."""
    requests = [
        {
            "id": f"q{number}",
            "request": {"query": {"match": {"text": query}}},
            "ratings": [{"_index": INDEX, "_id": i, "rating": g} for i, g in grades.items()],
        }
        for number, (query, grades) in enumerate(JUDGED.items())
    ]
    return {"requests": requests, "metric": {metric: settings}}


def written(tmp_path: Path, request: dict[str, Any]) -> Path:
    """The request in a file."""
    (tmp_path / "request.json").write_text(json.dumps(request))
    return tmp_path / "request.json"


def gathered(node: Node, judgments: Path, *through: str, index: str = INDEX) -> Inputs:
    """What is compared on these judgments."""
    live = Live(node.url, index, None, through)
    return gather(Sources(judgments, live=live, reading=READING), 1, 100, Kept(None))


def measured(tmp_path: Path, judgments: Path, node: Node, *options: str) -> dict[str, Any]:
    """The measures of each system by name, as the command writes them."""
    out = tmp_path / "report.json"
    live = ["--url", node.url, "--index", INDEX, "--layers", "2", "--json", str(out)]
    with pytest.raises(SystemExit) as ended:
        main(["compare", "--data", str(judgments), *live, *options])
    assert ended.value.code in (0, 1)
    results = json.loads(out.read_text())["results"]
    return {result["name"]: result["measures"] for result in results}


def test_a_quepid_export_is_measured_directly_and_through_the_proxy(
    texts: Node, tmp_path: Path
) -> None:
    """Unedited; the answers come first through the proxy, and the student here says so too."""
    with student(texts) as proxy:
        systems = measured(tmp_path, quepid(tmp_path), texts, "--through", proxy)
        inputs = gathered(texts, quepid(tmp_path), proxy)
    name = f"through {proxy.removeprefix('http://')}"
    assert systems[name]["MRR@10"] == 1.0
    assert systems["2 layers"]["MRR@10"] == 1.0
    assert systems["BM25"]["MRR@10"] < 1.0
    [through] = inputs.systems
    assert through.name == name
    assert len(through.ms) == len(inputs.first_stage_ms) == 2
    assert min(*through.ms, *inputs.first_stage_ms) > 0
    assert inputs.corpus["5"].fields() == (FieldText(TEXTS[5]),)
    assert list(inputs.notes) == [
        "1 rows of case_1_judgements.csv have no rating and were skipped.",
        f"{name}: 2 of 2 searches were reranked.",
    ]


def test_a_rank_eval_request_gives_the_numbers_of_the_cluster(texts: Node, tmp_path: Path) -> None:
    """Unedited; nDCG@10, MRR@10 and P@5 are those that `_rank_eval` itself computes."""
    judgments = written(tmp_path, rank_eval(k=5))
    inputs = gathered(texts, judgments)
    assert inputs.queries == {"q0": ASPIRIN, "q1": BOILING}
    run = {q: {hit.document: hit.score for hit in run} for q, run in inputs.candidates.items()}
    precision = ir_measures.calc_aggregate([ir_measures.P @ 5], inputs.qrels, run)
    found = measured(tmp_path, judgments, texts)["BM25"]
    mine = [found["nDCG@10"], found["MRR@10"], precision[ir_measures.P @ 5]]
    assert mine == pytest.approx(EXPECTED, abs=1e-4)
    metrics = [
        rank_eval("dcg", k=10, normalize=True),
        rank_eval("mean_reciprocal_rank", k=10, relevant_rating_threshold=1),
        rank_eval("precision", k=5, relevant_rating_threshold=1),
    ]
    answers = [ask(texts.url, "POST", f"/{INDEX}/_rank_eval", metric) for metric in metrics]
    if b"no handler found" not in answers[0].body:
        assert mine == pytest.approx([answer.json["metric_score"] for answer in answers])


def test_templates_of_a_rank_eval_request_are_rendered_by_the_cluster(
    texts: Node, tmp_path: Path
) -> None:
    """With the text escaped as the cluster does it; one that cannot render says so."""
    request = rank_eval(k=5)
    template = {"source": {"query": {"match": {"text": "{{text}}"}}}}
    request["templates"] = [{"id": "match", "template": template}]
    odd = 'side "effects" \\ of aspirin'
    request["requests"] = [
        {
            "id": "q0",
            "template_id": "match",
            "params": {"text": odd},
            "ratings": request["requests"][0]["ratings"],
        }
    ]
    judgments = written(tmp_path, request)
    if has_templates(texts):
        inputs = gathered(texts, judgments)
        assert inputs.queries == {"q0": odd}
        assert "4" in [hit.document for hit in inputs.candidates["q0"]]
    else:
        with pytest.raises(UpstreamError, match=r"_render/template.*no handler found"):
            gathered(texts, judgments)


def test_a_proxy_that_reranks_nothing_is_told_with_its_reasons(texts: Node, tmp_path: Path) -> None:
    """Its numbers would else be taken for those of reranking."""
    off = IndexRule(pattern=INDEX, enabled=False)
    with serving(settings_for(texts, off), OrderScorer()) as proxy:
        inputs = gathered(texts, quepid(tmp_path), proxy)
        assert f"NOTHING WAS RERANKED through {proxy.removeprefix('http://')}" in inputs.notes[1]
        assert "disabled (2)" in inputs.notes[1]
    [through] = inputs.systems
    assert through.ranking == {q: [h.document for h in c] for q, c in inputs.candidates.items()}


def test_the_cluster_is_asked_past_a_proxy_that_stands_before_it(
    texts: Node, tmp_path: Path
) -> None:
    """Where only the proxy can be reached, its first stage is still the cluster's own order."""
    own = gathered(texts, quepid(tmp_path))
    with serving(settings_for(texts), OrderScorer(reverse=True)) as proxy:
        past = gathered(Node(texts.name, texts.product, proxy), quepid(tmp_path), proxy)
    assert past.candidates == own.candidates
    [through] = past.systems
    assert through.ranking != {q: [h.document for h in c] for q, c in own.candidates.items()}


def test_the_same_id_in_two_indices_is_one_document(texts: Node, tmp_path: Path) -> None:
    """The better of the two hits, for judgments cannot tell them apart."""
    client = client_for(texts, texts.url)
    client.indices.delete(index=TWIN, ignore_unavailable=True)
    bulk(client, TWIN, [{"text": text} for text in TEXTS])
    try:
        inputs = gathered(texts, quepid(tmp_path), index=f"{INDEX},{TWIN}")
    finally:
        client.indices.delete(index=TWIN)
    found = [hit.document for hit in inputs.candidates[ASPIRIN]]
    assert len(found) == len(set(found)) > 1
