"""Kibana's data views and dashboards as code, and the one-shot that brings them into a Kibana."""
