"""How fast the parts are, as commands that print a table; nothing here asserts."""
