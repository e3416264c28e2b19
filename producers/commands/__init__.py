"""The commands of `python -m producers`, one module each.

A module's `add(commands)` adds its parser and sets `execute`, which takes the parsed arguments and returns the exit
code (those of `pipeline.errors`).
"""
