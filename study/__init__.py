"""The study of order books: how the queues beside the reference price change (the queue-reactive model)."""
