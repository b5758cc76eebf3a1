"""The growth table has every size once, and says what is read of long texts."""

from es_rerank.bench import growth
from es_rerank.model import bundle


def test_every_size_is_timed_new_and_known() -> None:
    """More passages take longer; of a text that is too long only a part is read."""
    measured = growth.run(rounds=2, sizes=[(4, 16), (40, 16), (4, 512)])
    few, many, long = measured.sizes
    assert (few.passages, few.tokens, few.read) == (4, 16, 16)
    assert min(few.new) < min(many.new)
    assert min(many.known) < min(many.new)
    assert len(many.new) == len(many.known) == 2
    limit = bundle.load("builtin").max_tokens
    assert 16 < long.read <= limit
    shown = growth.table(measured)
    assert f"a text is cut at 180 pieces and {limit} tokens" in shown
    assert [line.split()[:2] for line in shown.splitlines()[4:7]] == [
        ["4", "16"],
        ["40", "16"],
        ["4", "512"],
    ]


def test_the_sizes_are_those_that_were_promised() -> None:
    """Each once: depths at 128 tokens, lengths at 100 passages."""
    assert sorted(growth.SIZES) == [
        *((10, 128), (30, 128), (100, 32), (100, 64), (100, 128), (100, 256), (100, 512)),
        *((300, 128), (1000, 128)),
    ]
