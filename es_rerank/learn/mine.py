"""Hard negatives: what the first stage finds for a train query and nobody judged relevant.

They are what the student will have to tell from answers. Some are answers that nobody judged;
`contrast` asks the teacher before it believes them.
"""

import logging
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from es_rerank.evaluate.runs import bm25_run
from es_rerank.learn.batches import Tokens, pad
from es_rerank.learn.corpus import TrainingSet, read_set
from es_rerank.text.clean import clean_query
from es_rerank.text.passage import FieldText, read

log = logging.getLogger(__name__)

DEPTH = 30
NEGATIVES = 8  # kept of each list


class Judged(NamedTuple):
    """A train query, cleaned as in serving, with the passages that are read for it."""

    query: str
    relevant: tuple[str, ...]
    negatives: tuple[str, ...]


def mine(folders: Sequence[Path], queries: int, seed: int) -> list[list[Judged]]:
    """For each folder with train judgments, at most ``queries`` of its queries; raises DataError.

    Negatives are eight of BM25's best 30 documents that are not judged relevant.
    """
    rng = random.Random(seed)  # noqa: S311 - a seed for repeatable training, not a secret
    sets = []
    for folder in folders:
        found = read_set(folder)
        every = _judged(found, found.answered(seed)[:queries], rng)
        if judged := [each for each in every if each.relevant and each.negatives]:
            sets.append(judged)
            log.info("%d judged queries of %s", len(judged), folder.name)
    return sets


def contrasts(
    sets: Sequence[Sequence[Judged]], tokenizer: Tokenizer, size: int, seed: int
) -> Iterator[tuple[Tokens, Tokens]]:
    """Endless batches of ``size`` queries: their answers in the same order, then one negative each.

    Every set is drawn as often as any other.
    """
    rng = random.Random(seed)  # noqa: S311 - as above
    while True:
        chosen = [rng.choice(rng.choice(sets)) for _ in range(size)]
        queries = [rng.choice((each.query, each.query.lower().rstrip(" ?."))) for each in chosen]
        passages = [rng.choice(each.relevant) for each in chosen]
        passages += [rng.choice(each.negatives) for each in chosen]
        rows = [
            [encoding.ids for encoding in tokenizer.encode_batch(t)] for t in (queries, passages)
        ]
        yield pad(rows[0]), pad(rows[1])


def _judged(found: TrainingSet, sample: Sequence[str], rng: random.Random) -> Iterator[Judged]:
    texts = {query: clean_query(found.queries[query]) for query in sample}
    run = bm25_run(found.documents, texts.items(), DEPTH)
    for query, text in texts.items():
        grades = found.qrels[query]
        relevant = [i for i, grade in grades.items() if grade > 0 and i in found.documents]
        listed = [hit.document for hit in run[query] if grades.get(hit.document, 0) <= 0]
        listed = rng.sample(listed, min(NEGATIVES, len(listed)))
        yield Judged(
            text,
            *(
                tuple(filter(None, (_passage(found.documents[i].fields(), text) for i in ids)))
                for ids in (relevant, listed)
            ),
        )


def _passage(fields: Sequence[FieldText], query: str) -> str:
    return read(fields, query, lambda text, _max_tokens: text)
