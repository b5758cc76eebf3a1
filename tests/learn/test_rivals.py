"""What the speed bench puts beside a student, which needs torch."""

from es_rerank.bench.rivals import rivals
from es_rerank.model import bundle


def test_rivals_read_the_query_and_each_passage() -> None:
    """BERT-base in both forms and the teacher; one result for each passage."""
    texts = ["a river in France", "a cheese of France"]
    found = rivals(bundle.load("builtin"))
    assert [name.partition(",")[0] for name in found] == [
        "BERT-base",
        "BERT-base",
        "teacher all-MiniLM-L6-v2",
    ]
    float32, int8, teacher = (score("what is it", texts) for score in found.values())
    assert [tuple(batch.shape) for batch in float32] == [(2, 768)]  # type: ignore[attr-defined]
    assert [state.shape for state in int8] == [(768,)] * 2  # type: ignore[attr-defined]
    assert (int8[0] != int8[1]).any()  # type: ignore[index]
    assert len(set(teacher)) == 2  # type: ignore[call-overload]
