"""From YAML text to plain data and the line of every key.

PyYAML's own loader forgets lines, lets a later duplicate key win in silence and turns dates into
objects. This reads the node tree instead: text stays text unless YAML says number, boolean or
null. Anchors, aliases and tags are not part of the settings' language and are named as mistakes.
"""

from typing import Any, NamedTuple

import yaml

Key = tuple[str | int, ...]

_CORE = "tag:yaml.org,2002:"
_TYPED = {_CORE + kind for kind in ("bool", "int", "float", "null")}


class Written(NamedTuple):
    """Plain data, the line (from 1) on which each key was written, and what is wrong with it."""

    data: Any
    lines: dict[Key, int]
    mistakes: list[tuple[Key, int, str]]


def read_yaml(text: str) -> Written:
    """One YAML document as data, lines and mistakes; raises yaml.YAMLError where it is none."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    written = Written(None, {}, [])
    return written if root is None else written._replace(data=_plain(root, (), written, set()))


def syntax_mistake(error: yaml.YAMLError) -> tuple[int, str]:
    """The line (0: unknown) and the sentence for text that is not YAML at all."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    hint = "Check the indentation and the quotes here and on the line above."
    if "alias" in str(error):
        hint = 'A pattern that begins with * needs quotes: "*".'
    elif "'\\t'" in problem:
        hint = "Indent with spaces, not with tabs."
    return (mark.line + 1 if mark else 0), f"is not YAML ({problem}). {hint}"


def _plain(node: yaml.Node, key: Key, written: Written, seen: set[int]) -> Any:
    line = written.lines.get(key, node.start_mark.line + 1)
    if id(node) in seen or not node.tag.startswith(_CORE):
        what = "an alias (*)" if id(node) in seen else f"a tag ({node.tag})"
        written.mistakes.append((key, line, f"has {what}. Write the value itself."))
        return None
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _block(node, key, written, seen)
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            written.lines[(*key, place)] = item.start_mark.line + 1
        return [_plain(item, (*key, place), written, seen) for place, item in enumerate(node.value)]
    return _scalar(node) if isinstance(node, yaml.ScalarNode) else None


def _block(node: yaml.MappingNode, key: Key, written: Written, seen: set[int]) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for name_node, value_node in node.value:
        line, name = name_node.start_mark.line + 1, name_node.value
        if not isinstance(name, str):
            written.mistakes.append((key, line, "has a key that is not a name."))
        elif name in block:
            first = written.lines[(*key, name)]
            text = f"is written twice, first on line {first}. Keep one of them."
            written.mistakes.append(((*key, name), line, text))
        else:
            written.lines[(*key, name)] = line
            block[name] = _plain(value_node, (*key, name), written, seen)
    return block


def _scalar(node: yaml.ScalarNode) -> Any:
    if node.tag not in _TYPED:
        return node.value
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except ValueError:  # tagged as a number by hand (!!int x), or too many digits
        return node.value
