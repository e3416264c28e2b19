"""Kafka → Elasticsearch: minutes, trades, corrections, the bot's journal, forecasts and health, each written once."""
