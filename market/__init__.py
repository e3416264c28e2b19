"""The field itself, pure: records, exact decimals, the order book, a minute's ratio. Imports nothing of ours."""
