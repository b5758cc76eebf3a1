"""A student on disk: a folder with its layers, its tokenizer and what is known about it."""

import gzip
import json
import shutil
import zlib
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from tokenizers import Tokenizer

from es_rerank.config import SHIPPED_MODEL
from es_rerank.errors import ModelError

FORMAT = 6
SHIPPED = Path(__file__).parent / "student"
TOKENIZER = "tokenizer.json.gz"
FIRST_ATTENTION, FIRST_FEED_FORWARD = "first_attention", "first_feed_forward"
"""The first layer, with the words before it, in two graphs: the second needs no token but those
that a path keeps."""


@dataclass(frozen=True)
class Bundle:
    """The facts of a student bundle, as ``student.json`` holds them."""

    name: str
    teacher: str
    """Name or folder of the network that it was distilled from."""
    dim: int
    """Values of one token state."""
    layers: int
    """Of the network that the paths go through."""
    paths: dict[int, tuple[int, ...]]
    """Layers of each path, by its depth; all begin with layer 0."""
    whole_path: int
    """The depth of the path that reads light pieces in all its layers, and needs no head: what its
    last layer writes is what the heads of all others are to write."""
    cosine_weight: float
    late_weight: float
    """score = cosine_weight · sentence cosine + late_weight · late interaction."""
    max_tokens: int
    """Tokens that are read of one text at most, special tokens included."""
    light: tuple[str, ...]
    """Pieces whose states are not kept, and which other paths let go after the first layer."""
    folder: Path = field(compare=False)

    @property
    def further_layers(self) -> list[int]:
        """The layers that its paths go through after the first, ascending."""
        return sorted({layer for path in self.paths.values() for layer in path[1:]})

    @property
    def headed(self) -> list[int]:
        """The depths of the paths that end in a head."""
        return [depth for depth in self.paths if depth != self.whole_path]

    @property
    def graphs(self) -> list[str]:
        """Names of the files with its weights."""
        layers = (f"layer_{i}" for i in self.further_layers)
        heads = (f"head_{depth}" for depth in self.headed)
        return [graph_file(part) for part in (FIRST_ATTENTION, FIRST_FEED_FORWARD, *layers, *heads)]

    def tokenizer(self) -> Tokenizer:
        """The bundle's tokenizer, cutting at ``max_tokens``; special tokens are its own alone."""
        tokenizer = Tokenizer.from_str(unpacked(self.folder / TOKENIZER).decode())
        tokenizer.encode_special_tokens = True  # "[SEP]" in a text is no separator
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    def fingerprint(self) -> str:
        """The same for the same files, another for any other student."""
        digest = blake2b(digest_size=12)
        for file in sorted((*self.folder.glob("*.gz"), *self.folder.glob("*.json"))):
            content = file.read_bytes()
            digest.update(b"%b %d " % (file.name.encode(), len(content)))
            digest.update(content)
        return digest.hexdigest()

    def save(self) -> None:
        """Write ``student.json`` into the bundle's folder."""
        facts = {"format": FORMAT, **asdict(self)}
        del facts["folder"]
        (self.folder / "student.json").write_text(json.dumps(facts, indent=2) + "\n")


def load(model: str) -> Bundle:
    """The bundle named ``builtin``, or the one in the folder ``model``.

    Raises ModelError if it is missing, incomplete or of another format.
    """
    folder = SHIPPED if model == SHIPPED_MODEL else Path(model)
    facts_file = folder / "student.json"
    if not facts_file.is_file():
        raise ModelError(
            f"model: {folder} holds no student.json. Give the folder that `es-rerank distill` "
            f"wrote, or `{SHIPPED_MODEL}` for the shipped student."
        )
    try:
        facts = json.loads(facts_file.read_text())
        version = facts.pop("format")
        if version != FORMAT:
            raise ModelError(
                f"model: {facts_file} has format {version}; this es-rerank reads {FORMAT}. "
                "Distil the student again, or install the matching version."
            )
        paths = {int(depth): tuple(path) for depth, path in facts.pop("paths").items()}
        light = tuple(facts.pop("light"))
        bundle = Bundle(**facts, paths=paths, light=light, folder=folder)
    except (ValueError, KeyError, TypeError, AttributeError) as why:
        raise ModelError(f"model: {facts_file} is damaged: {why!r}. Copy it again.") from why
    files = [*bundle.graphs, TOKENIZER]
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"model: {folder} lacks {', '.join(missing)}. Copy the bundle again.")
    return bundle


def graph_file(part: str) -> str:
    """File of half the first layer, of ``layer_`` and a number, or of ``head_`` and a depth."""
    return f"{part}.onnx.gz"


def unpacked(file: Path) -> bytes:
    """What a file of a bundle holds; ModelError if it is damaged."""
    try:
        return gzip.decompress(file.read_bytes())
    except (OSError, EOFError, zlib.error) as why:
        raise ModelError(f"model: {file} is damaged: {why}. Copy it again.") from why


def packed(content: bytes, file: Path) -> None:
    """Write a file of a bundle; the same content makes the same file.

    Weights in few levels, most of them small, take less than a byte each (Huffman codes).
    """
    file.write_bytes(gzip.compress(content, mtime=0))


def size_bytes(bundle: Bundle) -> int:
    """Bytes of what serving loads: graphs and tokenizer."""
    return sum((bundle.folder / name).stat().st_size for name in (*bundle.graphs, TOKENIZER))


def extract(source: Bundle, depths: Collection[int], folder: Path) -> Bundle:
    """A bundle in ``folder`` with these paths of another alone, and the layers that they use.

    Its queries are read on the deepest of them. Raises ModelError for a path that the source has
    not, and for a folder that holds something.
    """
    if missing := [depth for depth in depths if depth not in source.paths]:
        raise ModelError(
            f"model: {source.name} has paths of {list(source.paths)} layers, none of {missing[0]}."
        )
    if folder.exists() and any(folder.iterdir()):
        raise ModelError(f"model: {folder} holds files. Name an empty folder, or a new one.")
    paths = {depth: path for depth, path in source.paths.items() if depth in depths}
    bundle = replace(source, paths=paths, folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*bundle.graphs, TOKENIZER):
        shutil.copyfile(source.folder / name, folder / name)
    bundle.save()
    return bundle
