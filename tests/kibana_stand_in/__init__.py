"""A small server that plays Kibana's import API over a real socket, with its refusals. Standard library alone."""
