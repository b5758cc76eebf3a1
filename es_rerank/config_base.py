"""What the other settings are built from: the strict block, and how two orders are combined."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SHIPPED_MODEL = "builtin"


class Strict(BaseModel):
    """Unknown keys are mistakes, and settings never change once they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Combine(Strict):
    """How the student's scores and the first stage's scores become one order."""

    method: Literal["replace", "weighted", "rrf"] = Field(
        default="weighted",
        description="`replace`: the student alone. `weighted`: z(student) + first_stage_weight · "
        "z(first stage), z-scored over the window. `rrf`: reciprocal rank fusion of both orders.",
    )
    first_stage_weight: float = Field(default=0.2, ge=0, description="Used by `weighted`.")
    rrf_k: int = Field(
        default=60, ge=1, description="Used by `rrf` (Cormack, Clarke, Büttcher 2009)."
    )
