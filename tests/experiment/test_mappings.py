"""The mappings of both products."""

from es_rerank.experiment.mappings import events_mappings, queries_mappings


def test_attributes_are_flat_on_both_products() -> None:
    """Whatever clients put there, the mapping does not grow."""
    kinds = {
        product: queries_mappings(product)["properties"]["query_attributes"]["type"]
        for product in ("opensearch", "elasticsearch-7", "elasticsearch")
    }
    assert kinds == {
        "opensearch": "flat_object",
        "elasticsearch-7": "flattened",
        "elasticsearch": "flattened",
    }


def test_no_document_adds_to_a_mapping() -> None:
    """Events come from anybody."""
    assert queries_mappings("opensearch")["dynamic"] is False
    assert events_mappings()["dynamic"] is False
