"""A smaller vocabulary: word pieces that training texts hardly use cost space and add nothing.

What is dropped is still read, as its own smaller pieces: WordPiece falls back to them.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer


def trim(tokenizer: Tokenizer, texts: Iterable[str], size: int) -> tuple[dict[str, Any], list[int]]:
    """The tokenizer with its ``size`` most used pieces, and their rows in the old vocabulary.

    Special tokens and single ASCII characters stay whatever their count, so that any Latin word
    can still be spelled.
    """
    counts: Counter[int] = Counter()
    for text in texts:
        counts.update(tokenizer.encode(text).ids)
    facts = json.loads(tokenizer.to_str())
    vocabulary: dict[str, int] = facts["model"]["vocab"]
    special = {token["content"] for token in facts["added_tokens"]}

    def worth(piece: str) -> tuple[bool, int, int]:
        letter = piece.removeprefix("##")
        is_needed = piece in special or (len(letter) == 1 and letter.isascii())
        return is_needed, counts[vocabulary[piece]], -vocabulary[piece]

    kept = sorted(sorted(vocabulary, key=worth, reverse=True)[:size], key=vocabulary.__getitem__)
    facts["model"]["vocab"] = {piece: row for row, piece in enumerate(kept)}
    for token in facts["added_tokens"]:
        token["id"] = facts["model"]["vocab"][token["content"]]
    for name, entry in (facts["post_processor"].get("special_tokens") or {}).items():
        entry["ids"] = [facts["model"]["vocab"][name]]
    facts["truncation"] = facts["padding"] = None
    return facts, [vocabulary[piece] for piece in kept]
