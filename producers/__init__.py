"""Exchange feeds to Kafka: one small module for each exchange, one connection loop for all."""
