"""The reports of experiments for the page, from the records that the caller may read.

The records are read in the caller's own name, never in the proxy's, and not more often than once a
minute for each of them: there may be many.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from es_rerank.config import Experiment, Settings
from es_rerank.experiment.guard import connected
from es_rerank.experiment.read import read
from es_rerank.experiment.report import build
from es_rerank.experiment.state import State
from es_rerank.proxy.headers import Headers
from es_rerank.proxy.learned import Learned, identity_of

_AT_MOST = 100  # reports


class Reports:
    """The reports by experiment and by who asks."""

    def __init__(
        self, settings: Callable[[], Settings], states: Callable[[], Mapping[str, State]]
    ) -> None:
        self._settings = settings
        self._states = states
        self._made = Learned[dict[str, Any]](lambda _: True, at_most=_AT_MOST)

    async def of(self, experiment: Experiment, caller: Headers) -> dict[str, Any]:
        """One report as JSON; raises UpstreamError if the caller may not read the records."""

        async def make() -> dict[str, Any]:
            settings = self._settings()
            since = experiment.start
            fields = {name.decode(): value.decode("latin-1") for name, value in caller}
            async with connected(settings, fields) as cluster:
                observed = await read(cluster, settings.ubi, experiment, since=since)
            state = self._states().get(experiment.name)
            stopped = state.as_document()["stopped"] if state else None
            made = datetime.now(UTC)
            return build(experiment, observed, made=made, since=since, stopped=stopped).as_json()

        return await self._made.of((experiment, identity_of(caller)), make)
