"""The run in containers: the one-shots of `docker-compose.yml`, and what `make` asks of such a run."""
