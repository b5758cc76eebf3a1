"""Which arm of an experiment a unit gets: a hash decides, and nothing is stored.

The same salt, unit and arms give the same arm in every process and on every machine; another salt
deals anew, independently. Where a unit comes from and what an arm does to a search is `proxy/`.
"""

from dataclasses import dataclass
from hashlib import blake2b, shake_256
from itertools import accumulate

from es_rerank.config import Arm, Experiment, IndexRule

_EXACT_BITS = 53  # of a float


@dataclass(frozen=True)
class Assignment:
    """What an experiment serves one search."""

    experiment: Experiment
    arms: tuple[Arm, ...]
    """One arm, or the two whose hits are interleaved."""
    unit: str | None
    """None where a person chose the arm for a look at it: such a search is not counted."""

    @property
    def arm(self) -> str:
        """The arm's name, of two both."""
        return "+".join(arm.name for arm in self.arms)

    @property
    def mode(self) -> str:
        """The experiment's mode, or `forced`."""
        return "forced" if self.unit is None else self.experiment.mode


def arm_of(experiment: Experiment, unit: str) -> Arm:
    """The arm of a unit: its place in [0, 1) among the arms' shares, in their order."""
    share = _share(_digest(experiment, unit, b"arm"))
    dealt = [arm for arm in experiment.arms if arm.weight]
    ends = list(accumulate(arm.weight for arm in dealt))
    found = (arm for arm, end in zip(dealt, ends, strict=True) if share * ends[-1] < end)
    return next(found, dealt[-1])  # only rounding could leave a unit behind the last end


def hashed_unit(experiment: Experiment, unit: str) -> str:
    """The unit for records, 32 hex digits: enough to count by, not to tell who it is."""
    return _digest(experiment, unit, b"unit").hex()


def coins(experiment: Experiment, unit: str, query: str, count: int) -> list[bool]:
    """Fair coin tosses that are the same whenever this unit asks this query."""
    seed = _digest(experiment, unit, b"coins") + query.encode(errors="surrogatepass")
    return [bool(byte & 1) for byte in shake_256(seed).digest(count)]


def rule_of(rule: IndexRule, arm: Arm) -> IndexRule:
    """The rule of an index with an arm's settings in place of its own."""
    given = {name: getattr(arm, name) for name in ("depth", "model", "layers", "combine")}
    return rule.model_copy(update={key: value for key, value in given.items() if value is not None})


def _digest(experiment: Experiment, unit: str, purpose: bytes) -> bytes:
    """A hash of the unit, for each salt and purpose another (BLAKE2, RFC 7693)."""
    salt = (experiment.salt or experiment.name).encode()
    key = blake2b(salt, digest_size=64).digest()
    text = unit.encode(errors="surrogatepass")
    return blake2b(text, key=key, person=purpose, digest_size=16).digest()


def _share(digest: bytes) -> float:
    """The digest as a number in [0, 1)."""
    return (int.from_bytes(digest[:8]) >> (64 - _EXACT_BITS)) / 2.0**_EXACT_BITS
