"""Everything on one machine without Docker: the real servers and our parts as child processes."""
