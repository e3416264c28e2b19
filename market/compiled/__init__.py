"""What is done for every level of every frame, in Cython: `python -m market.compiled` builds it here.

Only `market.levels` imports it, and does without where it was not built.
"""
