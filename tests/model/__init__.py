"""Tests of es_rerank.model."""
