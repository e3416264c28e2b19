"""Tests of the liquidity job, on a real Spark and a real broker."""
