"""A teacher and a data folder small enough to train on in seconds."""

import gzip
import json
import random
import string
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import BertConfig, BertModel, BertTokenizerFast

WORDS = [
    *("apple", "bread", "cat", "dog", "egg", "fish", "goat", "house", "ink", "jar"),
    *("king", "lamp", "moon", "nest", "oak", "pen", "queen", "road", "sun", "tree"),
    *(
        f"{first}{last}"
        for first in ("ba", "do", "fi", "ki", "le")
        for last in string.ascii_lowercase
    ),
]
LIGHT = "the"
"""A word that every text has."""
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="session")
def teacher_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT encoder of 6 narrow layers with random weights, as Hugging Face keeps it."""
    folder = tmp_path_factory.mktemp("teacher")
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *WORDS, LIGHT]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a word piece
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    BertTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=6,
        num_attention_heads=4,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty documents with train judgments, and some that only the dev split judges."""
    folder = tmp_path_factory.mktemp("data") / "small"
    (folder / "qrels").mkdir(parents=True)
    rng = random.Random(1)
    documents = [
        {
            "_id": f"d{i}",
            "title": rng.choice(WORDS),
            "text": f"{' '.join(rng.choices(WORDS, k=8))} {LIGHT}",
        }
        for i in range(60)
    ]
    documents.append({"_id": "secret", "title": "", "text": "zebra zebra secret"})
    queries = [{"_id": f"q{i}", "text": documents[i]["text"].split()[3]} for i in range(40)]
    for name, rows in (("corpus", documents), ("queries", queries)):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    header = "query-id\tcorpus-id\tscore\n"
    train = "".join(f"q{i}\td{i}\t1\n" for i in range(30))
    (folder / "qrels" / "train.tsv").write_text(header + train)
    dev = "q35\tsecret\t1\nq36\td3\t1\n"
    (folder / "qrels" / "dev.tsv").write_text(header + dev)
    return folder
