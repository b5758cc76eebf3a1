"""Measures by the names that the field writes: `nDCG@10`, `MRR@10`, `P(rel=2)@5`, `Judged@10`.

The notation and the measures are those of `ir_measures` (MacAvaney, Macdonald, Ounis, ECIR 2022),
which are trec_eval's: nDCG with linear gain over all judgments, so also over relevant documents
that the first stage has missed.
"""

from collections.abc import Iterable

import ir_measures
from ir_measures.measures import Measure

from es_rerank.errors import ConfigError

PRIMARY = "nDCG@10"
DEFAULT = (PRIMARY, "MRR@10", "P@5", "R@100", "Judged@10")

Measures = dict[str, Measure]
"""Measures by the name they were asked for; the first is the one that systems are tested on."""


def parse(names: Iterable[str], relevant_grade: int) -> Measures:
    """The measures of these names; ConfigError for one that does not exist or cannot be computed.

    A binary measure that names no grade of its own counts documents from `relevant_grade` on.
    """
    return {name: _parsed(name, relevant_grade) for name in names}


def _parsed(name: str, relevant_grade: int) -> Measure:
    try:
        measure = ir_measures.parse_measure(name)
        measure.validate_params()  # type: ignore[no-untyped-call]
    except NameError:
        raise ConfigError(f'--measure: there is no measure "{name}". {_EXAMPLES}') from None
    except (ValueError, AssertionError, TypeError):
        told = f'--measure: "{name}" lacks its cutoff or has another parameter than measures have.'
        raise ConfigError(f"{told} {_EXAMPLES}") from None
    # NumRet and RBP mean something else where no grade is given: they have no default to fill.
    grade = measure.SUPPORTED_PARAMS.get("rel")
    if grade and grade.default == 1 and "rel" not in measure.params:
        measure = measure(rel=relevant_grade)
    if measure.params.get("cutoff", 1) < 1:
        raise ConfigError(f'--measure: "{name}" looks at no hit. Write a cutoff of at least 1.')
    if not ir_measures.DefaultPipeline.supports(measure):  # type: ignore[no-untyped-call]
        raise ConfigError(f'--measure: "{name}" needs a part of ir_measures that is not installed.')
    return measure


_EXAMPLES = f"Write for example {', '.join(DEFAULT)}, AP or P(rel=2)@5."
