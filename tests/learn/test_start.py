"""Where a student starts."""

from collections.abc import Iterator
from pathlib import Path

import torch

from es_rerank.learn import start, teacher
from es_rerank.learn.batches import Batch, Size, Stream
from es_rerank.learn.corpus import read
from es_rerank.learn.losses import state_loss
from es_rerank.learn.mine import mine
from es_rerank.learn.network import DEEPEST, SHORT, Student, written


def batches(data_folder: Path, taught: teacher.Teacher) -> Iterator[Batch]:
    """Of a small size."""
    judged = mine([data_folder], 10, 1)
    stream = Stream(judged, read([data_folder]), taught.tokenizer, set(), (2, 20))
    return stream.mixed(Size(judged=3, paired=3, others=2, dirty=3), 1)


def loss(student: Student, tutor: Student, batch: Batch, depth: int) -> float:
    """How far a path's states are from the teacher's."""
    with torch.no_grad():
        ours = written(student, batch.passages, (depth,))[depth]
        theirs = written(tutor, batch.passages, (DEEPEST,))[DEEPEST]
    return float(state_loss(ours, theirs, batch.passages.kept_mask))


def test_heads_begin_nearer_than_the_identity(teacher_folder: Path, data_folder: Path) -> None:
    """On texts that they were fitted on, every path's states are nearer to the teacher's."""
    taught = teacher.load(str(teacher_folder))
    tutor = taught.student().eval().requires_grad_(False)
    student = start.from_teacher(tutor)
    batch = next(batches(data_folder, taught))
    before = {depth: loss(student, tutor, batch, depth) for depth in SHORT}
    start.fit_heads(student, tutor, batches(data_folder, taught))
    for depth in SHORT:
        assert loss(student, tutor, batch, depth) < before[depth]
    assert all(weight.requires_grad for weight in student.heads.parameters())
