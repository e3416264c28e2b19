"""Errors of the field."""


class MarketError(ValueError):
    """Something about market data is wrong."""


class MalformedRecord(MarketError):
    """A record cannot be read: put it aside, go on with the next."""


class OutOfRange(MarketError):
    """A price or size is not a plain decimal that fits its type: refuse the record that holds it."""
