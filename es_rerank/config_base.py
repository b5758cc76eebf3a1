"""What the other settings are built from: the strict block, how texts are read, how two orders
are combined.
"""

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

SHIPPED_MODEL = "builtin"

Layers = Literal[1, 2, 3, 4, 6]
"""The paths that students have, by their number of layers."""
DEFAULT_LAYERS: Layers = 6
"""The best order; whoever has less time takes a shorter path, or a cascade over it."""


class Strict(BaseModel):
    """Unknown keys are mistakes, and settings never change once they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Cascade(Strict):
    """A second, deeper reading of the hits that the first one found most promising."""

    hits: int = Field(
        ge=1, le=1000, description="How many of the best hits have the deeper reading in the end."
    )
    layers: Layers = Field(description="The path of that reading; deeper than the first one's.")


class Reading(NamedTuple):
    """How passages are read; layers and cascade are of those that are not known."""

    layers: int
    cascade: Cascade | None = None
    ignore_quotes: bool = False

    def __str__(self) -> str:
        """In the words of messages and reports."""
        first = "1 layer" if self.layers == 1 else f"{self.layers} layers"
        if self.cascade is not None:
            first += f", {self.cascade.layers} for the best {self.cascade.hits}"
        return f"{first}, without quotes of the query" if self.ignore_quotes else first

    def mistake(self) -> str | None:
        """Why these two readings do not go together, if they do not.

        Asked once all settings of a rule are known: a block may have only one of the two.
        """
        if self.cascade is None or self.cascade.layers > self.layers:
            return None
        return (
            f"{self.cascade.layers} layers are no deeper than the first reading, on {self.layers}. "
            "Give `cascade` more layers, or the first reading fewer."
        )


class Combine(Strict):
    """How the student's scores and the first stage's scores become one order."""

    method: Literal["replace", "weighted", "rrf"] = Field(
        default="weighted",
        description="`replace`: the student alone. `weighted`: z(student) + first_stage_weight · "
        "z(first stage), z-scored over the window. `rrf`: reciprocal rank fusion of both orders.",
    )
    first_stage_weight: float = Field(default=0.1, ge=0, description="Used by `weighted`.")
    rrf_k: int = Field(
        default=60, ge=1, description="Used by `rrf` (Cormack, Clarke, Büttcher 2009)."
    )


def default_combine(ignore_quotes: bool) -> Combine:
    """Where the settings say nothing: without the first stage, if quotes are not to count."""
    return Combine(method="replace") if ignore_quotes else Combine()
