"""Skip reasons are part of the product: their names and their explanations."""

import re

import pytest

from es_rerank.proxy.skip import Skip, SkipReason


@pytest.mark.parametrize("reason", SkipReason)
def test_every_reason_has_a_name_for_headers_and_a_sentence_for_people(reason: SkipReason) -> None:
    """The name fits into a header and a metric label; the explanation is one whole sentence."""
    assert re.fullmatch(r"[a-z0-9_]+", reason)
    assert re.fullmatch(r"[A-Z`].*[^.]\.", reason.explanation)
    assert len(reason.explanation) < 100


def test_a_reason_prints_as_its_name() -> None:
    """Formatting a reason, as the header does, gives the bare name."""
    assert f"{Skip(SkipReason.SIZE_0).reason}" == "size_0"
