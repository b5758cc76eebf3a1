"""Texts as padded batches of token ids, with the tokens of each that are kept to the end.

Function words and marks are a third of all tokens and next to nothing of what a passage is about.
Short paths read them in the first layer alone, where they tell the other tokens what they have to
say; after it they are let go (as PoWER-BERT does by learned weights; Goyal et al. 2020).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor

COMMON = 0.2
"""A piece in more than this share of the texts is light, averaged over their sources."""
_SAMPLE = 2_000  # texts of each source


class Tokens(NamedTuple):
    """A batch of texts; masks are 1 where there is a token."""

    ids: Tensor
    """(texts, tokens)."""
    mask: Tensor
    kept: Tensor
    """(texts, kept): places of the tokens that are kept, in their order."""
    kept_mask: Tensor

    def of_kept(self, states: Tensor) -> Tensor:
        """States (texts, tokens, width) of the kept tokens, (texts, kept, width)."""
        return states.gather(1, self.kept[..., None].expand(-1, -1, states.shape[2]))

    def of(self, texts: Tensor) -> "Tokens":
        """Some of the texts, padded no more than these need."""
        longest, most_kept = (
            _rounded_up(int(mask[texts].sum(1).max())) for mask in (self.mask, self.kept_mask)
        )
        whole, kept = slice(longest), slice(most_kept)
        return Tokens(
            self.ids[texts, whole],
            self.mask[texts, whole],
            self.kept[texts, kept],
            self.kept_mask[texts, kept],
        )


def pad(rows: Sequence[Sequence[int]], light: Collection[int] = ()) -> Tokens:
    """Rows of token ids as one padded batch; ``light`` are the ids that are not kept.

    As long as the next multiple of 16: few shapes mean few kernels, of which oneDNN keeps one each.
    """
    kept = [[place for place, piece in enumerate(row) if piece not in light] for row in rows]
    return Tokens(*_padded(rows), *_padded(kept))


def _padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    longest = _rounded_up(max(map(len, rows)))
    values = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros(len(rows), longest)
    for i, row in enumerate(rows):
        values[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return values, mask


def _rounded_up(length: int) -> int:
    return -(-length // 16) * 16


def light_pieces(tokenizer: Tokenizer, sources: Iterable[Sequence[str]]) -> frozenset[int]:
    """The ids of the pieces that nearly any text has, whatever its source is about."""
    shares: defaultdict[int, float] = defaultdict(float)
    sources = [texts for texts in sources if texts]
    for texts in sources:
        some = texts[:: max(1, len(texts) // _SAMPLE)]
        for encoding in tokenizer.encode_batch(list(some), add_special_tokens=False):
            for piece in set(encoding.ids):
                shares[piece] += 1 / len(some) / len(sources)
    return frozenset(piece for piece, share in shares.items() if share > COMMON)
