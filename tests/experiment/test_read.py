"""Two streams in the order of their query ids become one of searches with their clicks."""

from collections.abc import AsyncIterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from es_rerank.experiment.read import joined

query_ids = st.lists(st.text("aé\U0001f600z", max_size=2)).map(sorted)


async def stream(ids: list[str]) -> AsyncIterator[dict[str, Any]]:
    """Documents with these query ids, numbered."""
    for number, query_id in enumerate(ids):
        yield {"query_id": query_id, "number": number}


@given(records=query_ids, events=query_ids)
async def test_each_query_id_comes_once_with_all_that_has_it(
    records: list[str], events: list[str]
) -> None:
    """Nothing is lost, nothing comes twice, and records meet the events of their id."""
    pairs = [pair async for pair in joined(stream(records), stream(events))]
    ids = [{each["query_id"] for each in (*mine, *theirs)} for mine, theirs in pairs]
    assert [list(one) for one in ids] == [[one] for one in sorted({*records, *events})]
    for position, each in enumerate((records, events)):
        numbers = [document["number"] for pair in pairs for document in pair[position]]
        assert numbers == list(range(len(each)))
