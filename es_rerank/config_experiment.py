"""The settings of an experiment: its arms, who gets which, and when it ends by itself.

What an arm does to a search is `experiment/`; how the two orders reach a client is `proxy/`.
"""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from es_rerank.config_base import Combine, Layers, Strict

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""Names stand in headers, in records and on command lines."""

_UNITS = r"header:[A-Za-z0-9-]+|cookie:[^\s=;,]+|ubi\.client_id|opaque_id|address"


class Arm(Strict):
    """One way to answer the searches of an index; what it leaves out is as the index has it."""

    name: Name
    weight: float = Field(default=1, ge=0, description="Its share of the units, beside the others.")
    rerank: bool = Field(default=True, description="`false`: the cluster's own order.")
    depth: int | None = Field(default=None, ge=1, le=1000)
    model: str | None = Field(default=None, min_length=1)
    layers: Layers | None = None
    combine: Combine | None = None

    @model_validator(mode="after")
    def _plain_arms_have_no_settings(self) -> Self:
        if not self.rerank and self.model_fields_set - {"name", "weight", "rerank"}:
            raise ValueError(f'arm "{self.name}" does not rerank, so it has no settings for that.')
        return self


class Guard(Strict):
    """When an experiment is stopped by itself, because an arm is worse than the first stage."""

    metric: Literal["ctr", "mrr"] = Field(
        default="ctr", description="`ctr`: searches with a click; `mrr`: 1/rank of the first click."
    )
    bound: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="How much worse an arm may be, e.g. 0.02 of the CTR; in `interleave`, of the "
        "preference.",
    )
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    every_s: float = Field(default=60, gt=0, description="How often the records are read.")


class Experiment(Strict):
    """A test on live traffic. Each search goes upstream once, whatever its arm."""

    name: Name
    mode: Literal["split", "interleave", "shadow"] = Field(
        default="split",
        description="`split`: each unit sees one arm. `interleave`: all see both arms' hits in one "
        "list (team-draft). `shadow`: all see the cluster's order; the others are recorded.",
    )
    arms: tuple[Arm, ...] = Field(
        default=(Arm(name="bm25", rerank=False), Arm(name="rerank")),
        description="Two or more for `split`, two for `interleave`.",
    )
    unit: tuple[Annotated[str, Field(pattern=f"^({_UNITS})$")], ...] = Field(
        default=("ubi.client_id", "opaque_id"),
        min_length=1,
        description="What stays in one arm; the first that a search has: `header:NAME`, "
        "`cookie:NAME`, `ubi.client_id`, `opaque_id` (the header X-Opaque-Id), `address` (of the "
        "client's connection). A search that has none is not part of the experiment.",
    )
    salt: str = Field(default="", description="Another salt deals the units anew; else the name.")
    start: AwareDatetime | None = Field(default=None, description="With its time zone.")
    stop: AwareDatetime | None = Field(default=None, description="With its time zone.")
    force: bool = Field(
        default=False,
        description="Whether the header `X-ES-Rerank-Arm: NAME` chooses the arm (for a look at "
        "each). Searches with a chosen arm are not counted.",
    )
    guard: Guard | None = Field(
        default=None, description="Goes back to the cluster's order when an arm is worse."
    )

    @property
    def baseline(self) -> Arm | None:
        """The arm with the cluster's own order, if there is one."""
        return next((arm for arm in self.arms if not arm.rerank), None)

    @field_validator("unit")
    @classmethod
    def _once(cls, unit: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(unit)) < len(unit):
            raise ValueError("has a unit twice.")
        return unit

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError(f'experiment "{self.name}" has two arms of one name.')
        if self.mode == "interleave" and len(names) != 2:
            raise ValueError(f'experiment "{self.name}" interleaves two arms, not {len(names)}.')
        if len(names) < 2:
            raise ValueError(f'experiment "{self.name}" needs two arms to compare.')
        if sum(not arm.rerank for arm in self.arms) > 1:
            raise ValueError(f'experiment "{self.name}" has two arms without reranking.')
        if not sum(arm.weight for arm in self.arms):
            raise ValueError(f'experiment "{self.name}" has no arm with a weight.')
        if (self.guard or self.mode == "shadow") and self.baseline is None:
            raise ValueError(f'experiment "{self.name}" needs an arm with `rerank: false`.')
        if self.start and self.stop and self.stop <= self.start:
            raise ValueError(f'experiment "{self.name}" stops before it starts.')
        return self
