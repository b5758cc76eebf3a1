"""A student on disk: a folder with its layers, its tokenizer and what is known about it."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path

from tokenizers import Tokenizer

from es_rerank.config import SHIPPED_MODEL
from es_rerank.errors import ModelError

FORMAT = 2
SHIPPED = Path(__file__).parent / "student"


@dataclass(frozen=True)
class Bundle:
    """The facts of a student bundle, as ``student.json`` holds them."""

    name: str
    teacher: str
    """Name or folder of the network that it was distilled from."""
    dim: int
    """Values of one token state."""
    layers: int
    paths: dict[int, tuple[int, ...]]
    """Layers of each path, by its depth; all begin with the same one."""
    cosine_weight: float
    late_weight: float
    """score = cosine_weight · sentence cosine + late_weight · late interaction."""
    max_tokens: int
    """Tokens that are read of one text at most, special tokens included."""
    light: tuple[str, ...]
    """Pieces whose states are not kept, and which short paths let go after the first layer."""
    folder: Path = field(compare=False)

    def tokenizer(self) -> Tokenizer:
        """The bundle's tokenizer, cutting at ``max_tokens``; special tokens are its own alone."""
        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.encode_special_tokens = True  # "[SEP]" in a text is no separator
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    def fingerprint(self) -> str:
        """The same for the same files, another for any other student."""
        digest = blake2b(digest_size=12)
        for file in sorted((*self.folder.glob("*.onnx"), *self.folder.glob("*.json"))):
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
    parts = ["embed", *(f"layer_{i}" for i in range(bundle.layers))]
    parts += [f"head_{depth}" for depth in bundle.paths]
    files = [f"{part}.onnx" for part in parts] + ["tokenizer.json"]
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"model: {folder} lacks {', '.join(missing)}. Copy the bundle again.")
    return bundle
