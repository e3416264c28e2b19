"""Data views: what Kibana calls an index that it may look at. One an index of ours, its id the index's name.

A view does not list the index's fields: Kibana asks Elasticsearch for them each time.
"""

from kibana.saved_objects import SavedObject
from pipeline import indices

TIME_FIELD = "@timestamp"
# As a person finds them in Discover.
NAMES = {
    indices.LIQUIDITY: "Liquidity by minute",
    indices.TRADES: "Trades of the market",
    indices.TICKERS: "Bid and ask by minute",
    indices.DECISIONS: "Decisions",
    indices.INTENTS: "Order intents",
    indices.ORDERS: "Orders",
    indices.FILLS: "Fills",
    indices.BALANCES: "Balances by minute",
    indices.SCORES: "Finished rounds",
    indices.STATES: "States of the bot",
    indices.FORECASTS: "Forecasts",
    indices.HEALTH: "Health of the parts",
}


def data_view(index: str) -> SavedObject:
    """The view of one index."""
    attributes = {"title": index, "name": NAMES[index], "timeFieldName": TIME_FIELD}
    return SavedObject("index-pattern", index, attributes)


def data_views() -> tuple[SavedObject, ...]:
    """The views of all indices."""
    return tuple(data_view(index) for index in NAMES)
