"""Data views: what Kibana calls an index that it may look at. One an index of ours, its id the index's name.

A view does not list the index's fields: Kibana asks Elasticsearch for them each time.
"""

from kibana.saved_objects import SavedObject
from pipeline.indices import (
    BALANCES,
    DECISIONS,
    FILLS,
    FORECASTS,
    HEALTH,
    INTENTS,
    LIQUIDITY,
    ORDERS,
    SCORES,
    STATES,
    TICKERS,
    TRADES,
)

TIME_FIELD = "@timestamp"
# As a person finds them in Discover.
NAMES = {
    LIQUIDITY: "Liquidity by minute",
    TRADES: "Trades of the market",
    TICKERS: "Bid and ask by minute",
    DECISIONS: "Decisions",
    INTENTS: "Order intents",
    ORDERS: "Orders",
    FILLS: "Fills",
    BALANCES: "Balances by minute",
    SCORES: "Finished rounds",
    STATES: "States of the bot",
    FORECASTS: "Forecasts",
    HEALTH: "Health of the parts",
}


def data_view(index: str) -> SavedObject:
    """The view of one index."""
    attributes = {"title": index, "name": NAMES[index], "timeFieldName": TIME_FIELD}
    return SavedObject("index-pattern", index, attributes)


def data_views() -> tuple[SavedObject, ...]:
    """The views of all indices."""
    return tuple(data_view(index) for index in NAMES)
