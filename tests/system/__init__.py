"""Tests that drive the whole system for minutes."""
