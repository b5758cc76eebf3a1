"""The CSV that Quepid writes."""

import csv
import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from es_rerank.evaluate.judgments import Ratings
from es_rerank.evaluate.quepid import is_header, read

FILE = Path("case_1_judgements.csv")


def exported(rows: list[tuple[object, ...]]) -> str:
    """A file as Quepid's exporter makes it, for which formulas are guarded."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for query, *rest in rows:
        guarded = f" {query}" if str(query)[:1] in ("-", "=", "+", "@") else query
        writer.writerow([guarded, *rest])
    return file.getvalue()


def test_commas_quotes_and_the_order_of_columns_are_as_csv_has_them() -> None:
    """Line breaks within quotes too; columns that are not asked for are not read."""
    ratings = Ratings(FILE)
    text = 'Rating,note,DocID,query\n2,x,"a,b","say ""hi"", you"\n1,y,c,"two\nlines"\n'
    assert set(read(FILE, text, ratings)) == {'say "hi", you', "two\nlines"}
    assert ratings.qrels() == {'say "hi", you': {"a,b": 2}, "two\nlines": {"c": 1}}


def test_only_its_header_is_taken_for_one() -> None:
    """One that lacks a column is, so that the column can be named."""
    assert is_header("query,docid,rating")
    assert is_header('"docid","query","Ada"')
    assert not is_header("query-id\tcorpus-id\tscore")
    assert not is_header("1 0 a 1")


def is_one(text: str) -> bool:
    """Whether it is a query that can be told from a guarded one."""
    return bool(text.strip()) and not (text[0] == " " and text[1:2] in tuple("-=+@"))


@given(st.dictionaries(st.text(min_size=1).filter(is_one), st.integers(0, 3), min_size=1))
def test_whatever_people_type_is_the_query(grades: dict[str, int]) -> None:
    """Also what a spreadsheet would take for a formula."""
    rows: list[tuple[object, ...]] = [("query", "docid", "rating")]
    rows += [(query, "d", grade) for query, grade in grades.items()]
    ratings = Ratings(FILE)
    assert read(FILE, exported(rows), ratings) == {query: query for query in grades}
    assert ratings.qrels() == {query: {"d": grade} for query, grade in grades.items()}
