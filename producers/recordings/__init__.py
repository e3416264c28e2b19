"""Recordings of raw frames: written by the recorder, read from its format and from others'."""
