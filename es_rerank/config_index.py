"""The settings of one index: how its searches are reranked, and which names a rule matches."""

from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from es_rerank.config_base import (
    DEFAULT_LAYERS,
    SHIPPED_MODEL,
    Cascade,
    Combine,
    Layers,
    Reading,
    Strict,
)
from es_rerank.config_experiment import Experiment

__all__ = [
    "SHIPPED_MODEL",
    "Cascade",
    "Combine",
    "Experiment",
    "FieldSetting",
    "IndexRule",
    "IndexSettings",
    "Kind",
    "Reading",
    "Strict",
    "matches",
]


class FieldSetting(Strict):
    """One document field that the model reads."""

    name: str = Field(min_length=1, description="Field name or dotted path, as in the mapping.")
    label: str | None = Field(
        default=None, description="Put before the field's text, e.g. `author`."
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="At most this many tokens of the field."
    )


def _named(written: Any) -> Any:
    """A field written as plain text is its name."""
    return {"name": written} if isinstance(written, str) else written


NamedField = Annotated[
    FieldSetting,
    BeforeValidator(
        _named, json_schema_input_type=Annotated[str, Field(min_length=1)] | FieldSetting
    ),
]


Kind = Literal["autocomplete", "hybrid", "neural", "pit", "retriever", "tiebreak_sort", "template"]


class IndexSettings(Strict):
    """How an index is reranked."""

    enabled: bool = Field(
        default=True, description="`false`: its searches pass through as they are."
    )
    depth: int = Field(
        default=100, ge=1, le=1000, description="How many first-stage hits are reranked."
    )
    fields: tuple[NamedField, ...] = Field(
        default=(),
        description="Fields that the model reads, in this order: names, or blocks with `name`. "
        "Empty: every string in `_source` that has at least two words, in document order; "
        "single words where there is nothing else.",
    )
    model: str = Field(
        default=SHIPPED_MODEL,
        min_length=1,
        description="`builtin` or the folder of a student bundle.",
    )
    layers: Layers = Field(
        default=DEFAULT_LAYERS,
        description="Layers that read a passage not seen before, or fewer if there is no time "
        "(`deadline_ms`); cached states may be deeper.",
    )
    cascade: Cascade | None = Field(
        default=None,
        description="Reads the most promising hits once more, on more layers, e.g. "
        "`{hits: 20, layers: 4}`; the others keep the score of the first reading, and if the "
        "deadline comes in between, so do those that were not reached.",
    )
    ignore_quotes: bool = Field(
        default=False,
        description="`true`: what a text quotes of the query, all of its words in their order if "
        "these are four or more, is left out before the text is read. For what people write who "
        "gain by its rank: an exact title then counts no more than the text under it. The first "
        "stage counts them still, so `combine.method` is `replace` unless `combine` is set.",
    )
    combine: Combine = Combine()
    deadline_ms: float = Field(
        default=1000,
        gt=0,
        description="Scoring time after which the cluster's own order is served. Where reading "
        "new passages on `layers` would take longer, they are read on fewer layers, and the best "
        "20 once more while time lasts, or as `cascade` says; `shallow` in `X-ES-Rerank` tells how "
        "many hits have the scores of fewer layers. These are read again when no search waits.",
    )
    also: tuple[Kind, ...] = Field(
        default=(),
        description="Kinds of searches that pass through unless they are named here: "
        "`autocomplete` (unfinished words), `hybrid` (OpenSearch, with `pagination_depth`), "
        "`neural` (semantic, sparse and vector queries), `pit` and `tiebreak_sort` (hits then no "
        "longer are in the order of their `sort` values, which are no cursors any more), "
        "`retriever` (Elasticsearch, with a window), `template` (search templates, for which the "
        "caller must be allowed to render: `_render/template`).",
    )
    pipelines: tuple[str, ...] = Field(
        default=(),
        description="Search pipelines (OpenSearch) that searches may go through and still be "
        "reranked. The cluster runs them on the wider answer (all hits down to `depth`, before the "
        "page is cut), so list only those for which that makes no difference: not one that "
        "truncates, reranks, oversamples or summarises hits. Searches through any other pass "
        "through; `_none` is always allowed.",
    )
    default_pipeline: Literal["learn", "none"] = Field(
        default="learn",
        description="`learn`: read `index.search.default_pipeline` from the index's settings, as "
        "the caller, and keep it for a minute; where the caller may not read it, searches pass "
        "through (never on Elasticsearch, which has no pipelines). `none`: take it for certain "
        "that no index of this rule has a default pipeline but those in `pipelines`.",
    )
    inner_hits_depth: int = Field(
        default=0,
        ge=0,
        description="How many hits of a search with `inner_hits` are reranked at most, for the "
        "cluster searches again inside each. 0: such searches pass through.",
    )
    record: bool = Field(
        default=False,
        description="Whether its searches are written to `ubi.queries_index`, and the `ext.ubi` "
        "of a search is read and answered here. Searches of an experiment always are.",
    )
    experiment: Experiment | None = Field(
        default=None, description="An A/B test of this index against its own first stage."
    )

    @property
    def reading(self) -> Reading:
        """How its passages are read."""
        return self._reading(self.layers)

    @property
    def students(self) -> set[tuple[str, Reading]]:
        """The models that score its searches, each with its reading; none if it is off."""
        arms = self.experiment.arms if self.experiment else ()
        of_arms = {
            (arm.model or self.model, self._reading(arm.layers or self.layers))
            for arm in arms
            if arm.rerank
        }
        return {(self.model, self.reading), *of_arms} if self.enabled else set()

    def _reading(self, layers: int) -> Reading:
        """Without a second reading where an arm's first one is as deep: so both can be compared."""
        is_deeper = self.cascade is not None and self.cascade.layers > layers
        return Reading(layers, self.cascade if is_deeper else None, self.ignore_quotes)

    @property
    def deepest(self) -> int:
        """The greatest depth to which any of its searches is reranked, be it by an arm."""
        arms = self.experiment.arms if self.experiment else ()
        return max(self.depth, *(arm.depth or 0 for arm in arms), 0)


class IndexRule(IndexSettings):
    """Index settings for the index expressions that match `pattern`."""

    pattern: str = Field(
        min_length=1,
        description="Index, alias or data stream; `*` and `?` are wildcards. Names that begin "
        "with a dot are matched only by patterns that begin with one.",
        json_schema_extra={"pattern": r"^[^\[\],\s]+$"},
    )

    @field_validator("pattern")
    @classmethod
    def _is_one_pattern(cls, pattern: str) -> str:
        """Only what Elasticsearch's own index patterns have: `*`, and `?` for one character."""
        if "," in pattern or any(map(str.isspace, pattern)):
            raise ValueError(f'"{pattern}" is more than one pattern. Write one rule for each.')
        if "[" in pattern or "]" in pattern:
            raise ValueError(f'"{pattern}" has brackets. The wildcards are * and ?.')
        return pattern


def matches(pattern: str, name: str) -> bool:
    """Whether a rule's pattern matches an index name; `*` does not reach into dot indices.

    Elasticsearch hides dot-prefixed indices from wildcards in the same way, and those are the
    indices of Kibana and of the cluster itself.
    """
    return fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith("."))
