"""Tests of kibana: that every panel can be drawn, and that the one-shot delivers it."""
