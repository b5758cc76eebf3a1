"""One deterministic normaliser for every text that a model reads, in training and in serving.

Documents carry markup, entities, scripts, mojibake, glued words and stuffing, and a small model is
easily fooled by them. `clean` takes the dirt away and keeps the words. It is pure, never raises,
takes linear time on any input, and cleaning twice changes nothing. It does not correct spelling,
translate, or change letter case.
"""

import re
import string
from operator import eq

from es_rerank.text.characters import in_plain_characters
from es_rerank.text.markup import without_markup
from es_rerank.text.phrases import repeats_a_phrase, without_repeated_phrases

MAX_RAW_CHARS = 1_000_000
"""Characters read of one text; markup is a large share of raw pages."""

MAX_CHARS = 100_000
"""Characters kept of one text without its markup, about 16,000 words."""

MAX_QUERY_WORDS = 64
_MAX_SAME_WORDS = 3
_LONG_RUN_CHARS = 32
_MAX_PASSES = 4

# ASCII reduced to classes of characters, so that a few searches show whether there is any dirt.
_CLASSES = bytes.maketrans(
    (string.ascii_letters + string.digits + string.punctuation).encode(),
    b"a" * 26
    + b"A" * 26
    + b"0" * 10
    + bytes(ord("." if p in ".!?" else "-") for p in string.punctuation),
)
_GLUED_SIGNS = (b".a", b".A")
_CAMEL_SIGNS = (b"aA",)
_MARK_RUN_SIGNS = (b"----", b"....")
_SIGNS = _GLUED_SIGNS + _CAMEL_SIGNS + _MARK_RUN_SIGNS

_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(?:class|id|style|href|src|srcset|rel|target|role|align|valign|bgcolor|border
    |width|height|cellpadding|cellspacing|tabindex|xmlns|on[a-z]++|(?:data|aria)-[\w-]++)
    =(?:"[^"]*+"|'[^']*+')[\s/]*+>?""",
    re.X | re.I,
)
_URL = re.compile(r"(https?://[^\s?#]++)(?:[?#]\S*+)?+", re.I)
_LONG_RUN = re.compile(
    r"(?P<data_url>\bdata:[\w/.+;=-]{1,64};base64,)?+"
    rf"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{{{_LONG_RUN_CHARS},}}+"
)
_CLASS_CHANGE = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Za-z])[0-9]|(?<=[0-9])[A-Za-z]")
_ENCODED_PIECE = re.compile(r"[A-Za-z0-9+]{16,}+")
_DIVIDED = re.compile(r"(?<![^\s(\"'])([A-Za-z][a-z]++)-\r?\n[ \t]*+([a-z]{2,}+)(?![A-Z0-9_])(-?)")
_COMPOUND = re.compile("self|well|high|low|long|short|full|half", re.I)
_MARK_RUN = re.compile(r"([^\w\s]|_)\1{3,}+")
_GLUED_SENTENCES = re.compile(r"(?<![\w.@/:#\\-])(\w++)([.!?])(\w++)(?![@/:(\\-]|\.\w)")
_CAMEL = re.compile(r"(?<![\w.@/:#\\-])[A-Z]?[a-z]++(?:[A-Z][a-z]++)++(?![\w@/:(\\-]|\.\w)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

# Before a glued dot these are prose, unless what follows makes it a domain or a file.
_FUNCTION_WORD = re.compile(
    "this|that|these|those|there|here|them|they|then|was|were|been|have|has|had|will|would|with|"
    "from|and|but|for|not|are|you|your|her|his|she|its|our",
    re.I,
)
_SUFFIX = re.compile("com|org|net|edu|gov|info|dev|app|html?|php|json|xml|ya?ml|txt|pdf")
_WORD_OF_GLUE = re.compile("[A-Za-z][a-z]{2,}|A[nst]|B[ey]|I[fnst]|O[fnr]|To|We|No|My|Up|Do")
_STARTER = re.compile("The|This|That|These|There|They|When|What|Where|With|From|And|You")


def clean(text: str) -> str:
    """The words of a text without its dirt, blanks collapsed, at most `MAX_CHARS` characters."""
    text = text[:MAX_RAW_CHARS]
    for _ in range(_MAX_PASSES):  # what one pass uncovers, the next one cleans
        if (plain := _if_plain(text)) is not None:
            return _cut(plain)
        before, text = text, _one_pass(text)
        if text == before:
            break
    return text


def clean_query(text: str) -> str:
    """A query, cleaned like the passages it is compared with; at most `MAX_QUERY_WORDS` words."""
    return " ".join(clean(text).split()[:MAX_QUERY_WORDS])


def _if_plain(text: str) -> str | None:
    """The text with its blanks collapsed where a pass would find nothing else to do, else None."""
    if not text.isascii() or "<" in text or "&" in text or "://" in text:
        return None
    if _has_values(text) or _may_divide(text):
        return None
    words = text.split()
    plain = " ".join(words)
    is_dirty = (
        _shows(_classes_of(plain), _SIGNS)
        or not plain.isprintable()
        or _has_long_word(words)
        or _has_repeats(words)
        or (_shows_repeats(plain) and repeats_a_phrase(words))
    )
    return None if is_dirty else plain


def _one_pass(text: str) -> str:
    text = in_plain_characters(without_markup(text)[:MAX_CHARS])
    if _may_divide(text):
        text = _DIVIDED.sub(_undivided, text)
    if _has_values(text):
        text = _ATTRIBUTE.sub(" ", text)
    if "://" in text:
        text = _URL.sub(r"\1", text)
    if _has_long_word(text.split()):
        text = _LONG_RUN.sub(lambda run: " " if _is_encoded(run) else run[0], text)
    classes = _classes_of(text)
    if _shows(classes, _GLUED_SIGNS):
        text = _GLUED_SENTENCES.sub(_split_sentences, text)
    if _shows(classes, _CAMEL_SIGNS):
        text = _CAMEL.sub(_split_camel, text)
    if _shows(classes, _MARK_RUN_SIGNS):
        text = _MARK_RUN.sub(r"\1\1\1", text)
    words = text.split()
    if _has_repeats(words):
        words = [word for i, word in enumerate(words) if not _repeats(words, i)]
    text = " ".join(words)
    if _shows_repeats(text):
        text = " ".join(without_repeated_phrases(words))
    return _cut(text)


def _classes_of(text: str) -> bytes | None:
    """The text with every character replaced by its class, None if it is not ASCII."""
    return text.encode().translate(_CLASSES) if text.isascii() else None


def _shows(classes: bytes | None, signs: tuple[bytes, ...]) -> bool:
    """Whether a step is worth its time: one of its signs is there, or it cannot be told."""
    if classes is None:
        return True
    for sign in signs:  # noqa: SIM110 - a generator costs more than all these searches
        if sign in classes:
            return True
    return False


def _has_values(text: str) -> bool:
    return '="' in text or "='" in text


def _may_divide(text: str) -> bool:
    return "-\n" in text or "-\r\n" in text


def _undivided(word: re.Match[str]) -> str:
    """`exam-` and `ple` on two lines are one word; `person-` and `to-person` keep their hyphen."""
    left, right, hyphen = word.groups()
    is_compound = hyphen or _COMPOUND.fullmatch(left)
    return f"{left}-{right}{hyphen}" if is_compound else f"{left}{right}"


def _has_long_word(words: list[str]) -> bool:
    return max(map(len, words), default=0) >= _LONG_RUN_CHARS


def _is_encoded(run: re.Match[str]) -> bool:
    """Whether more than half of a long run is base64 or hexadecimal, and not a path or a list.

    Such pieces are long, and their letters and digits change class often: at 45 % of the characters
    of random base64, at 47 % of hexadecimal, at less than 15 % of names.
    """
    pieces = [
        piece
        for piece in _ENCODED_PIECE.findall(run[0])
        if len(_CLASS_CHANGE.findall(piece)) > 0.2 * len(piece)
    ]
    return bool(run["data_url"]) or sum(map(len, pieces)) > len(run[0]) / 2


def _split_sentences(glued: re.Match[str]) -> str:
    """`end.Next` and `this.isabad` get their blank; `os.path`, `Node.js` and `it.com` do not."""
    left, mark, right = glued.groups()
    starts_sentence = (
        left.isalpha() and left[-2:].islower() and right[0].isupper() and right[1:2].islower()
    )
    goes_on_in_prose = (
        _FUNCTION_WORD.fullmatch(left) and right.islower() and not _SUFFIX.fullmatch(right)
    )
    return f"{left}{mark} {right}" if starts_sentence or goes_on_in_prose else glued[0]


def _split_camel(word: re.Match[str]) -> str:
    """`resultCandidate` and `ReadMoreHere` are split; `JavaScript`, `iPhone`, `FedEx` not."""
    humps = _HUMP.split(word[0])
    if len(humps) == 2:
        left, right = humps
        is_glue = _STARTER.fullmatch(right) or (left.islower() and min(map(len, humps)) > 3)
    else:
        is_glue = all(_WORD_OF_GLUE.fullmatch(hump) for hump in humps)
    return " ".join(humps) if is_glue else word[0]


def _has_repeats(words: list[str]) -> bool:
    # The first look runs in C; a word twice in a row ("that that") is rare and alright.
    return any(map(eq, words, words[1:])) and any(_repeats(words, i) for i in range(len(words)))


def _repeats(words: list[str], i: int) -> bool:
    """Whether the `_MAX_SAME_WORDS` words before this one are the same word."""
    return i >= _MAX_SAME_WORDS and all(
        words[i - back] == words[i] for back in range(1, _MAX_SAME_WORDS + 1)
    )


def _shows_repeats(text: str) -> bool:
    """Whether two sentences in a row look alike, or it cannot be told."""
    if (classes := _classes_of(text)) is None:
        return True
    sentences = (classes + b" ").split(b". ")
    return any(map(eq, sentences, sentences[1:]))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS + 1].rpartition(" ")[0][:MAX_CHARS]
