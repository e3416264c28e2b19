"""Joins each minute's ratio with the forecast, decides, and trades: journaled before it acts, settled after a crash."""
