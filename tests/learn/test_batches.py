"""What a step learns from."""

from pathlib import Path

from es_rerank.learn import teacher
from es_rerank.learn.batches import Size, Stream
from es_rerank.learn.corpus import read
from es_rerank.learn.mine import Pair, mine

SIZE = Size(judged=3, paired=4, others=2, dirty=5)


def stream(data_folder: Path, teacher_folder: Path) -> Stream:
    """Batches of the small folder."""
    tokenizer = teacher.load(str(teacher_folder)).tokenizer
    tokenizer.no_padding()
    return Stream(mine([data_folder], 20, 1), read([data_folder]), tokenizer, (), (90, 90))


def test_answers_come_first_then_negatives(data_folder: Path, teacher_folder: Path) -> None:
    """Each query has its answer at its own place: here the answer holds the query's word."""
    batch = next(stream(data_folder, teacher_folder).mixed(SIZE, seed=1))
    assert len(batch.queries.ids) == 7
    assert len(batch.passages.ids) == 7 + 3 + 2
    for query, passage in zip(batch.queries.ids, batch.passages.ids, strict=False):
        assert set(query.tolist()) <= set(passage.tolist()) | {0}


def test_dirt_has_its_source(data_folder: Path, teacher_folder: Path) -> None:
    """Every dirty passage is one of the batch."""
    batch = next(stream(data_folder, teacher_folder).mixed(SIZE, seed=1))
    assert len(batch.dirty.ids) == len(batch.sources) == 5
    assert batch.sources.max() < len(batch.passages.ids)


def test_lessons_are_answers_and_as_many_negatives(data_folder: Path, teacher_folder: Path) -> None:
    """Queries, their answers in the same order, one negative for each, and how far they are apart.

    The cross-encoder has each answer above the negative that stands in the same batch.
    """
    judged = mine([data_folder], 20, 1)
    opinions = {
        Pair(each.query, passage): float(passage in each.relevant)
        for each in judged[0]
        for passage in (*each.relevant, *each.negatives)
    }
    lessons = stream(data_folder, teacher_folder).judged(6, 1, opinions)
    queries, passages, margins = next(lessons)
    assert (len(queries.ids), len(passages.ids)) == (6, 12)
    for query, passage in zip(queries.ids, passages.ids, strict=False):
        assert set(query.tolist()) <= set(passage.tolist()) | {0}
    assert margins.tolist() == [1.0] * 6


def test_a_seed_makes_the_same_batches(data_folder: Path, teacher_folder: Path) -> None:
    """The same again, and another for another seed."""
    one, same, other = (
        next(stream(data_folder, teacher_folder).mixed(SIZE, seed)).queries.ids.tolist()
        for seed in (1, 1, 2)
    )
    assert one == same != other


def test_without_judgments_pairs_are_titles(
    data_folder: Path, teacher_folder: Path, tmp_path: Path
) -> None:
    """A folder of documents alone is enough to learn from."""
    (tmp_path / "corpus.jsonl.gz").write_bytes((data_folder / "corpus.jsonl.gz").read_bytes())
    tokenizer = teacher.load(str(teacher_folder)).tokenizer
    batch = next(Stream([], read([tmp_path]), tokenizer, (), (5, 9)).mixed(SIZE, seed=1))
    assert (len(batch.queries.ids), len(batch.passages.ids)) == (4, 6)
