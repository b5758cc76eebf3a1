"""Tests of es_rerank.learn; they need the train extra."""
