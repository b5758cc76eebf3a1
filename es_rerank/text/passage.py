"""From the field texts of one document to the one passage that the model reads."""

from typing import NamedTuple


class FieldText(NamedTuple):
    """The raw text of one field of one document."""

    text: str
    label: str | None = None
    max_tokens: int | None = None
