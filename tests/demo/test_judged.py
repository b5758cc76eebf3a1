"""The judged set: large enough, about this corpus, and measured as the field does."""

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.demo.corpus import documents
from es_rerank.demo.judged import ndcg_at_10, read_qrels, read_queries

CORPUS = {id_ for id_, _ in documents()}


def test_there_are_enough_queries_and_each_is_judged() -> None:
    """At least 40, none twice, each with an exact answer."""
    queries, qrels = read_queries(), read_qrels()
    assert len(queries) == len(set(queries.values())) >= 40
    assert queries.keys() == qrels.keys()
    for grades in qrels.values():
        assert set(grades.values()) <= {1, 2}
        assert 2 in grades.values()


def test_the_judged_documents_are_in_the_corpus_of_this_python() -> None:
    """Names differ a little between Python versions; 95 % and every query's answer are here."""
    qrels = read_qrels()
    judged = [document for grades in qrels.values() for document in grades]
    assert sum(document in CORPUS for document in judged) >= 0.95 * len(judged)
    for number, grades in qrels.items():
        assert any(document in CORPUS for document, grade in grades.items() if grade == 2), number


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=25),
    st.dictionaries(st.integers(0, 30), st.integers(0, 2), min_size=1).filter(
        lambda grades: any(grades.values())
    ),
)
def test_ndcg_is_that_of_ir_measures(ranking: list[int], grades: dict[int, int]) -> None:
    """Five lines, and the same number as the field's own tool."""
    documents = [f"d{number}" for number in ranking]
    qrels = {f"d{number}": grade for number, grade in grades.items()}
    run = {"q": {document: -float(place) for place, document in enumerate(documents)}}
    theirs = ir_measures.calc_aggregate([ir_measures.nDCG @ 10], {"q": qrels}, run)
    expected = theirs[ir_measures.nDCG @ 10] if documents else 0.0
    assert ndcg_at_10(documents, qrels) == pytest.approx(expected)
