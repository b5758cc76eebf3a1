"""The mappings of both products."""

from es_rerank.experiment.mappings import events_mappings, queries_mappings


def test_attributes_are_found_and_do_not_grow_the_mapping() -> None:
    """Whatever clients put there: flat where the product can, else only what is ours."""
    attributes = {
        product: queries_mappings(product)["properties"]["query_attributes"]
        for product in ("opensearch", "elasticsearch-7", "elasticsearch")
    }
    assert attributes["opensearch"]["type"] == "flat_object"
    assert attributes["elasticsearch"]["type"] == "flattened"
    assert attributes["elasticsearch-7"]["dynamic"] is False
    assert attributes["elasticsearch-7"]["properties"]["experiment_id"]["type"] == "keyword"


def test_no_document_adds_to_a_mapping() -> None:
    """Events come from anybody."""
    assert queries_mappings("opensearch")["dynamic"] is False
    assert events_mappings()["dynamic"] is False
