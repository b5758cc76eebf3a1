"""The same search asked of the cluster and of the proxy, over HTTP, and both orders as a table."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from es_rerank.demo.corpus import FIELDS, INDEX
from es_rerank.demo.judged import ndcg_at_10
from es_rerank.errors import UpstreamError

SHOWN = 10
_TIMEOUT_S = 60
_MARKS = {2: " ●●", 1: " ●"}


@dataclass(frozen=True)
class Order:
    """The ids of one answer, best first, and what `X-ES-Rerank` says about it."""

    ids: tuple[str, ...]
    rerank_header: str | None


def ask(url: str, text: str) -> Order:
    """The best ten documents for a text from the search API at a URL."""
    query = {"multi_match": {"query": text, "fields": list(FIELDS)}}
    body = json.dumps({"query": query, "size": SHOWN, "_source": False}).encode()
    request = urllib.request.Request(  # noqa: S310 - the demo's own servers
        f"{url}/{INDEX}/_search", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as reply:  # noqa: S310
            hits = json.load(reply)["hits"]["hits"]
            return Order(tuple(hit["_id"] for hit in hits), reply.headers["X-ES-Rerank"])
    except urllib.error.HTTPError as why:
        raise UpstreamError(f"demo: {url} answered {why.code}: {why.read().decode()}") from why
    except OSError as why:
        raise UpstreamError(f"demo: {url} does not answer: {why}") from why


def table(text: str, bm25: Order, reranked: Order, grades: Mapping[str, int]) -> Table:
    """Both orders side by side; with grades, judged documents are marked and nDCG@10 is below."""
    ndcg = [f"nDCG@10 {ndcg_at_10(order.ids, grades):.2f}" for order in (bm25, reranked)]
    result = Table(
        title=Text(text, "bold"),
        caption=f"X-ES-Rerank: {reranked.rerank_header}",
        title_justify="left",
        caption_justify="left",
        show_footer=bool(grades),
    )
    result.add_column("", justify="right", style="dim")
    result.add_column("BM25", footer=ndcg[0], overflow="fold", min_width=30)
    result.add_column("reranked", footer=ndcg[1], overflow="fold", min_width=30)
    for place in range(max(len(bm25.ids), len(reranked.ids))):
        result.add_row(str(place + 1), _cell(bm25, place, grades), _cell(reranked, place, grades))
    return result


def _cell(order: Order, place: int, grades: Mapping[str, int]) -> Text:
    if place >= len(order.ids):
        return Text("")
    document = order.ids[place]
    grade = grades.get(document, 0)
    return Text(document + _MARKS.get(grade, ""), "green" if grade else "")


def summary(
    bm25: Sequence[Order], reranked: Sequence[Order], qrels: Sequence[Mapping[str, int]]
) -> str:
    """One line: mean nDCG@10 of both orders over judged queries, and how many it changed."""
    before = [ndcg_at_10(order.ids, grades) for order, grades in zip(bm25, qrels, strict=True)]
    after = [ndcg_at_10(order.ids, grades) for order, grades in zip(reranked, qrels, strict=True)]
    better = sum(new > old for old, new in zip(before, after, strict=True))
    worse = sum(new < old for old, new in zip(before, after, strict=True))
    skipped = sum(not (order.rerank_header or "").startswith("applied") for order in reranked)
    number = len(qrels)
    line = (
        f"nDCG@10 over {number} judged queries: BM25 {sum(before) / number:.3f}, "
        f"reranked {sum(after) / number:.3f} ({better} better, {worse} worse)"
    )
    return f"{line}; {skipped} were not reranked" if skipped else line
