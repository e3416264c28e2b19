"""Tests of every part, on the real broker and the real Spark where one is involved."""
