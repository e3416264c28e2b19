"""A Gemini-compatible exchange on this machine: market data sockets, trading, and faults on demand."""
