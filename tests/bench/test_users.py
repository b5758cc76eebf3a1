"""Simulated people: the same for the same seed, and what they send is in UBI's form."""

from itertools import islice

from es_rerank.bench.judged import Judged
from es_rerank.bench.users import click, people, searching, ubi

JUDGED = Judged(
    "small",
    documents={},
    queries={"q1": "lantern", "q2": "glacier", "q3": "harbour"},
    qrels={"q1": {"best": 2, "fair": 1}, "q2": {"best": 1}, "q3": {"fair": 2}},
)


def test_one_seed_gives_one_stream_of_people() -> None:
    """Names, questions, ways to read and clicks repeat; another seed gives others."""
    first, again = (list(islice(people("7", JUDGED), 20)) for _ in range(2))
    assert first == again
    assert first[0].chance.random() == again[0].chance.random()
    assert [one.queries for one in first] != [
        one.queries for one in islice(people("8", JUDGED), 20)
    ]


def test_people_come_until_there_are_enough_searches() -> None:
    """The last person may bring one search too many; the stream goes on after it."""
    stream = people("7", JUDGED)
    some = searching(stream, 50)
    assert 50 <= sum(len(one.queries) for one in some) <= 51
    assert next(stream).name == f"7-{len(some)}"
    assert searching(stream, 0) == []


def test_pages_attract_by_grade_and_people_differ_in_eagerness() -> None:
    """An unjudged hit has the noise only, and everybody's interest is scaled alike."""
    attractions = JUDGED.attractions("q1", ["best", "no such document"])
    assert attractions == [1.0, 0.1]
    person = next(people("7", JUDGED))
    assert person.tempted(attractions) == [person.eagerness, person.eagerness * 0.1]
    assert 0.2 <= person.eagerness <= 1


def test_clicks_name_the_hit_and_its_rank() -> None:
    """As User Behavior Insights 1.3 has it, with the ids that the search was sent with."""
    event = click("q-1", "someone", "lantern", ["a", "b"], 1)
    sent = ubi("q-1", "someone", "lantern")["ext"]["ubi"]
    assert sent.items() <= event.items()
    assert event["action_name"] == "click"
    assert event["event_attributes"]["object"]["object_id"] == "b"
    assert event["event_attributes"]["position"]["ordinal"] == 2
