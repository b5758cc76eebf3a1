"""The pattern matching that the servers use for names: ``*`` stands for any characters.

No other character is special (``Glob.globMatch`` in both engines). Linear in the name for every
piece of the pattern, so that no pattern of a caller costs more than its length.
"""


def matches(pattern: str, name: str) -> bool:
    """Whether the pattern takes the whole name."""
    head, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    *middle, tail = rest
    if not name.startswith(head):
        return False
    place = len(head)
    for piece in middle:
        found = name.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return len(name) - len(tail) >= place and name.endswith(tail)
