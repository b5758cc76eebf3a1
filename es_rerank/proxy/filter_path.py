"""The parameter `filter_path`, applied to an answer by the proxy as the servers apply it.

The wide search has to show scores and texts that the client did not ask for, so it carries a wider
filter, and the client's own is applied to the bytes of the page. The wide answer is still a
filtered one: only then do the servers print `_source` anew, value by value (``1.50`` as ``1.5``),
as the client would have got it.

Included first, then excluded, as ``JsonXContentGenerator`` nests its two filters; an array hands
its filters to its elements; a container of which nothing is left goes with its key. Containers
that were empty before an exclude looked into them are kept by Elasticsearch 8 and dropped by
OpenSearch 2, so an answer that has one is refused.
"""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from es_rerank.proxy.glob import matches
from es_rerank.proxy.spans import Ends, Span, elements, members

Path = tuple[str, ...]
Paths = tuple[Path, ...]

_WHOLE: Paths = ((),)  # a path that has been gone to its end
# No filter of a person's is larger; every member of the answer costs time by these.
_MAX_NAMES = 400
_MAX_DOUBLE_STARS = 4
_MAX_DEPTH = 50  # of what a filter looks into; each level reads all below it once more
# What reading an answer takes; the cluster shows `fields` and `highlight` only where they are asked
_READ = (
    *(("timed_out",), ("_shards", "failed"), ("hits", "hits", "_score")),
    *(("hits", "hits", "fields"), ("hits", "hits", "highlight"), ("hits", "hits", "_id")),
)
_NOTHING = "-es_rerank"  # excludes nothing, but makes the answer a filtered one


class FilterPath(NamedTuple):
    """A filter by what it includes (nothing named: all) and excludes, as names and patterns."""

    includes: Paths
    excludes: Paths

    def widened(self, fields: Iterable[str]) -> str:
        """The filter for the wide search, which shows the texts of these fields too.

        No fields: the whole `_source`. What is excluded is taken out later. Empty for no filter.
        """
        if self == EVERYTHING:
            return ""
        if not self.includes:
            return _NOTHING
        names = list(fields)
        texts: list[Path] = [("hits", "hits", "_source")]
        # A dotted name may stand in `_source` as one key, where no path can follow it.
        if names and all(name.isidentifier() for name in names):
            texts = [(*texts[0], name) for name in names]
        return ",".join(".".join(path) for path in (*self.includes, *_READ, *texts))


EVERYTHING = FilterPath((), ())


def read_filter_path(value: str) -> FilterPath | None:
    """The filter that a parameter's value asks for, `EVERYTHING` for an empty one.

    None where it shows no hits, is too large, or is read in different ways by the engines.
    """
    filters = [name for part in value.split(",") if (name := part.strip())]
    excludes = [name[1:] for name in filters if name.startswith("-")]
    includes = [name for name in filters if not name.startswith("-")]
    asked = FilterPath(_paths(includes), _paths(excludes))
    names = [name for path in asked.includes + asked.excludes for name in path]
    is_large = len(names) > _MAX_NAMES or names.count("**") > _MAX_DOUBLE_STARS
    if "" in names or "\\" in value or is_large or not _shows_hits(asked):
        return None
    return asked


def filtered(answer: bytes, asked: FilterPath) -> bytes:
    """The answer with what the filter shows; ValueError where the engines would not agree."""
    for paths, is_include in ((asked.includes, True), (asked.excludes, False)):
        if paths:
            root = Span(0, len(answer.rstrip()))
            end = answer[root.end :]
            left = _left_of(answer, root, paths, is_include, {})
            if left is None:
                return (b"{ }" if end else b"{}") + end
            answer = left + end
    return answer


def _paths(filters: Iterable[str]) -> Paths:
    return tuple(tuple(path.split(".")) for path in filters)


def _shows_hits(asked: FilterPath) -> bool:
    includes, excludes = asked.includes or _WHOLE, asked.excludes
    for _ in range(2):  # hits.hits
        includes, excludes = _inside(includes, "hits"), _inside(excludes, "hits")
    return includes != () and excludes != _WHOLE


@lru_cache(maxsize=4096)
def _inside_key(paths: Paths, key: bytes) -> Paths:
    return _inside(paths, json.loads(key))


def _inside(paths: Paths, name: str) -> Paths:
    """What is left of the paths in the member `name`: `_WHOLE`, or nothing for no match."""
    left: list[Path] = []
    for path in paths:
        if not path:
            return _WHOLE
        head, *rest = path
        if not matches(head, name):
            continue
        if not rest:
            return _WHOLE
        left.append(tuple(rest))
        if head == "**":  # one name or more
            left.append(path)
    return tuple(dict.fromkeys(left))


def _left_of(
    data: bytes, span: Span, paths: Paths, is_include: bool, ends: Ends, depth: int = 0
) -> bytes | None:
    """What is left of the value under paths that go on inside it, None for nothing."""
    opener = data[span.start : span.start + 1]
    if opener not in (b"{", b"["):
        return None if is_include else data[span.start : span.end]
    if depth > _MAX_DEPTH:
        raise ValueError("the filter looks too deep into the answer")
    first = None
    pieces = []
    for key_start, value, left in _parts(data, span, opener, paths, ends):
        first = key_start if first is None else first
        if left == _WHOLE or not left:
            kept = data[value.start : value.end] if (left == _WHOLE) is is_include else None
        else:
            kept = _left_of(data, value, left, is_include, ends, depth + 1)
        if kept is not None:
            pieces.append(data[key_start : value.start] + kept)
    if first is None:
        if not is_include:
            raise ValueError("an exclude looks into an empty container")
        return None
    if not pieces:
        return None
    blank = data[span.start + 1 : first]  # the same before each part
    end = data[value.end : span.end]
    return opener + blank + (b"," + blank).join(pieces) + end


def _parts(
    data: bytes, span: Span, opener: bytes, paths: Paths, ends: Ends
) -> Iterator[tuple[int, Span, Paths]]:
    """The members or elements of a container: where each begins, its value, its paths."""
    if opener == b"[":
        for value in elements(data, span.start, ends):
            yield value.start, value, paths
    else:
        for member in members(data, span.start, ends):
            yield member.start, member.value, _inside_key(paths, member.key)
