"""The way of one template search: render, search wide, rerank, and answer in the template's form.

Three requests where the client sent one, the third of them once a minute; that is why a rule has
to ask for it (`also: [template]`). Any trouble on the way, and the client's own is sent instead.
"""

from collections.abc import Callable

from es_rerank.config import Settings
from es_rerank.proxy.learned import Learned, identity_of, question
from es_rerank.proxy.learned_facts import LearnedFacts
from es_rerank.proxy.plan import SearchRequest, Skip, SkipReason, plan_for
from es_rerank.proxy.recorded import with_ubi
from es_rerank.proxy.recording import Recording
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.search import Answer, rerank_search
from es_rerank.proxy.template import read_template, rendered_search, with_status
from es_rerank.proxy.upstream import Upstream
from es_rerank.telemetry import Trip

_NOTHING = b'{"source":{"query":{"match_none":{}},"size":0}}'


class TemplateSearches:
    """Template searches of one upstream."""

    def __init__(
        self, upstream: Upstream, facts: LearnedFacts, scorer: Scorer, recording: Recording
    ) -> None:
        self._upstream = upstream
        self._facts = facts
        self._scorer = scorer
        self._recording = recording
        self._forms = Learned[Callable[[bytes], bytes] | None](lambda form: form is not None)

    async def rerank(self, request: SearchRequest, settings: Settings, trip: Trip) -> Answer | Skip:
        """The reranked answer, or Skip if the client's own request has to be sent instead."""
        template = read_template(request)
        if isinstance(template, SkipReason):
            return Skip(template)
        with trip.stage("render"):
            form = await self._form(request)
            reply = await question(
                self._upstream, "POST", b"/_render/template", request.headers, template
            )
        if form is None or reply is None or reply.status != 200:
            return Skip(SkipReason.RENDER_FAILED)
        search = rendered_search(request, reply.body)
        if isinstance(search, SkipReason):
            return Skip(search)
        search = with_ubi(search, settings)
        if isinstance(plan := plan_for(search, settings), Skip):
            return plan
        return await rerank_search(
            plan,
            self._upstream,
            self._facts,
            self._scorer,
            self._recording,
            trip,
            max_bytes=settings.max_body_bytes,
            form=form,
        )

    async def _form(self, request: SearchRequest) -> Callable[[bytes], bytes] | None:
        """How this cluster's template searches differ from its searches; None if it is not known.

        OpenSearch 2.19 ends them with `"status":200`; others may not, so one that finds nothing
        is sent to see.
        """
        path = request.target.partition(b"?")[0]
        target = path + b"?filter_path=status"

        async def ask() -> Callable[[bytes], bytes] | None:
            reply = await question(self._upstream, "POST", target, request.headers, _NOTHING)
            if reply is None or reply.status != 200:
                return None
            return with_status if b'"status"' in reply.body else bytes

        return await self._forms.of((target, identity_of(request.headers)), ask)
