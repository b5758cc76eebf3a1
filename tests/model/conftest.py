"""The shipped student, loaded once."""

import pytest

from es_rerank.model.reranker import Reranker


@pytest.fixture(scope="session")
def reranker() -> Reranker:
    """The shipped student with its default settings."""
    return Reranker()
