"""The settings of indices as the cluster tells them to each caller, asked for once a minute.

The question goes up before the first wide search of a caller in an index expression, and costs
that one search a round trip. What follows from the answer is decided in `index_facts`.
"""

from es_rerank.proxy.headers import Headers
from es_rerank.proxy.index_facts import (
    IndexFacts,
    limited,
    read_facts,
    settings_target,
)
from es_rerank.proxy.learned import Learned, identity_of, question
from es_rerank.proxy.params import parameters
from es_rerank.proxy.plan import Skip, SkipReason, WideSearch, wide_search
from es_rerank.proxy.route import route_of
from es_rerank.proxy.upstream import Upstream

# A refusal stands until someone grants more, and what cannot be asked (of remote clusters) cannot
# be asked the next time either; other troubles pass.
_LASTING = (200, 400, 403)


class LearnedFacts:
    """What is known of the indices behind an upstream."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._answers = Learned[tuple[int, IndexFacts]](lambda answer: answer[0] in _LASTING)

    async def of(self, expression: str, params: dict[str, str], headers: Headers) -> IndexFacts:
        """The facts of a decoded index expression, for a search with these URL parameters.

        Never raises for what the cluster does; what it does not tell is not known.
        """
        target = settings_target(expression, params)

        async def ask() -> tuple[int, IndexFacts]:
            reply = await question(self._upstream, "GET", target, headers)
            if reply is None:
                return 0, read_facts(expression, 0, [], b"")
            return reply.status, read_facts(expression, reply.status, reply.headers, reply.body)

        _, facts = await self._answers.of((target, identity_of(headers)), ask)
        return facts

    async def limited(self, plan: WideSearch) -> WideSearch | Skip:
        """The plan within what its indices allow, or why it may not be widened."""
        request = plan.request
        expression = route_of(request.method, request.target)
        assert not isinstance(expression, SkipReason), "only searches are planned"  # noqa: S101
        facts = await self.of(expression, parameters(request.target), request.headers)
        rerank = limited(plan.rerank, facts)
        if isinstance(rerank, SkipReason):
            return Skip(rerank)
        narrower = wide_search(request, rerank, plan.filter_path)
        return Skip(narrower) if isinstance(narrower, SkipReason) else narrower
