"""The plumbing of every part: settings, clock, topics, Kafka clients, logs, metrics, the life of a process."""
