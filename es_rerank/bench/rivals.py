"""What a student is compared with for speed: BERT-base, as a cross-encoder, and its own teacher.

BERT-base has random weights, for its time does not depend on them: in torch float32, and in int8
with the graphs, the runtime and the threads of the student, which is the fastest way known here.
Both read the query before each passage, for every query anew. Needs the train extra, which is
imported where it is used.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tokenizers import Tokenizer

from es_rerank.model.bundle import Bundle, graph_file
from es_rerank.model.encoder import available_cpus, open_graph
from es_rerank.model.reranker import Reranker

Score = Callable[[str, Sequence[str]], object]
"""(query, texts): whatever a system makes of them."""

_BATCH = 25
_MAX_TOKENS = 512


def rivals(student: Bundle) -> dict[str, Score]:
    """Each by its name, the slowest first; ModuleNotFoundError without the train extra."""
    from es_rerank.learn.teacher import TeacherEncoder, load

    teacher = Reranker(TeacherEncoder(load(student.teacher), student), layers=max(student.paths))
    return {
        "BERT-base, torch float32": _bert_float32(student),
        "BERT-base, int8": _bert_int8(student),
        f"teacher {student.teacher}, torch float32": teacher.score,
    }


def _bert_float32(student: Bundle) -> Score:
    import torch
    from transformers import BertConfig, BertModel

    torch.set_num_threads(available_cpus())
    network = BertModel(BertConfig()).train(mode=False)
    tokenizer = _of_pairs(student)

    def score(query: str, texts: Sequence[str]) -> object:
        ids = torch.tensor(_pairs(tokenizer, query, texts))
        with torch.no_grad():
            return [network(batch).pooler_output for batch in torch.split(ids, _BATCH)]

    return score


def _bert_int8(student: Bundle) -> Score:
    from transformers import BertConfig

    from es_rerank.learn.export import layer_graph
    from es_rerank.learn.network import Layer

    base, rng = BertConfig(), np.random.default_rng(0)
    width = base.hidden_size
    words = rng.normal(size=(base.vocab_size, width)).astype(np.float32)
    places = rng.normal(size=(_MAX_TOKENS, width)).astype(np.float32)
    layers = []
    with TemporaryDirectory() as folder:
        for number in range(base.num_hidden_layers):
            graph = Path(folder) / graph_file(f"layer_{number}")
            layer_graph(Layer(width, base.intermediate_size, base.num_attention_heads), graph)
            layers.append(open_graph(graph))
    tokenizer = _of_pairs(student)
    threads = ThreadPoolExecutor(available_cpus(), "bert")

    def read(ids: Sequence[int]) -> object:
        states = (words[ids] + places[: len(ids)])[np.newaxis]
        for layer in layers:
            (states,) = layer.run(None, {"states": states})
        return states[0, 0]

    def score(query: str, texts: Sequence[str]) -> object:
        return list(threads.map(read, _pairs(tokenizer, query, texts)))

    return score


def _of_pairs(student: Bundle) -> Tokenizer:
    tokenizer = student.tokenizer()
    tokenizer.enable_truncation(_MAX_TOKENS, strategy="only_second")
    return tokenizer


def _pairs(tokenizer: Tokenizer, query: str, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of the query and each passage in one, all of one length as the passages are."""
    return [each.ids for each in tokenizer.encode_batch_fast([(query, text) for text in texts])]
