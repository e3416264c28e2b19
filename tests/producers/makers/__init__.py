"""For each protocol, the frames that its exchange would send for what happens in a small made-up market."""
