"""Tests of the indexer: on the real Kafka and the real Elasticsearch where either takes part."""
