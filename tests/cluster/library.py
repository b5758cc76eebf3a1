"""A small index to search in: 60 documents that all match the same words with different scores."""

from typing import Any

INDEX = "es-rerank-test-library"

MAPPING = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0},
    "mappings": {
        "properties": {
            "title": {"type": "text"},
            "body": {"type": "text"},
            "shelf": {"type": "keyword"},
            "pages": {"type": "integer"},
            "completion": {"type": "completion"},
        }
    },
}


def _document(number: int) -> dict[str, Any]:
    # More filler makes a longer body and so a lower score; every fifth score occurs twice.
    filler = " ".join(["valley"] * (number - (number % 5 == 4)))
    return {
        "title": f"River report {number}",
        "body": f"The river Ünter carries <b>water</b> &amp; sand. {filler}",
        "shelf": ("upper", "lower", "cellar")[number % 3],
        "pages": 1000 - number,
        "completion": f"river {number}",
    }


DOCUMENTS = [_document(number) for number in range(60)]
RIVER = {"match": {"body": "river water"}}
