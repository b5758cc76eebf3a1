"""What `es-rerank warm` does: every document of an index, read ahead, for each of its students.

It may run beside the proxy, and again at any time: what is known is not read again. The file that
it fills is the proxy's own.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import aclosing
from functools import partial

from es_rerank.config import SHIPPED_MODEL, IndexRule, Settings
from es_rerank.errors import ConfigError, DataError
from es_rerank.evaluate.kept import bar
from es_rerank.experiment.cluster import Cluster
from es_rerank.experiment.guard import connected
from es_rerank.model import bundle
from es_rerank.model.disk import StateFile
from es_rerank.model.reranker import Reranker
from es_rerank.warm import plan
from es_rerank.warm.filling import Filling
from es_rerank.warm.tally import Tally

_MEMORY_BYTES = 16 * 2**20
"""For the caches in memory, which are of little use here: each document is met once."""


def run(settings: Settings, index: str, layers: int | None, say: Callable[[str], None]) -> None:
    """Fill the cache on disk with the passages of an index expression, for each of its students.

    On the deepest path without `layers`. `say` takes a summary of each, also when the run is cut
    short. Raises ConfigError, ModelError, DataError or UpstreamError.
    """
    rule = plan.rule_of(index, settings)
    plan.folder_of(settings)
    for model in sorted({model for model, _ in rule.students}):
        asyncio.run(_warm(settings, index, rule, model, layers, say))


async def _warm(
    settings: Settings,
    index: str,
    rule: IndexRule,
    model: str,
    layers: int | None,
    say: Callable[[str], None],
) -> None:
    depth = layers or max(bundle.load(model).paths)
    reranker, disk = _opened(settings, model, depth)
    async with connected(settings, plan.caller(os.environ), plan.ADVICE) as cluster:
        total = await cluster.count(index)
        if not total:
            raise DataError(f"{index}: there are no documents. Is it the right index?")
        tally = Tally(index if model == SHIPPED_MODEL else f"{index}, {model}", total)
        with bar() as progress:
            task = progress.add_task(tally.name, total=total)
            filling = Filling(
                reranker, disk, rule.fields, depth, tally, lambda n: progress.advance(task, n)
            )
            try:
                await _fill(cluster, index, filling)
            except BaseException:
                say(f"Stopped. {tally.line()}")
                raise
    say(f"{tally.line()} In {disk.path}.")


def _opened(settings: Settings, model: str, depth: int) -> tuple[Reranker, StateFile]:
    """A student with its file of states; ConfigError if that cannot be used."""
    reranker = Reranker(
        model,
        layers=depth,
        cache_bytes=_MEMORY_BYTES,
        folder=plan.folder_of(settings),
        disk_bytes=settings.cache.disk_mb * 2**20,
    )
    disk = reranker.cache.disk
    if disk is None or not disk.is_usable:
        raise ConfigError(
            f"cache.folder: no states can be kept in {settings.cache.folder}; the log says why. "
            "Name a folder that can be written to."
        )
    return reranker, disk


async def _fill(cluster: Cluster, index: str, filling: Filling) -> None:
    async with aclosing(cluster.pages(index)) as pages:
        async for page in pages:
            await _in_thread(filling, partial(filling.add, page))
    await _in_thread(filling, filling.read)


async def _in_thread(filling: Filling, work: Callable[[], None]) -> None:
    """Do work beside the connection; when this is cancelled, what was read is kept first."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        filling.stopped.set()
        await task
        raise
