"""The dashboards: a module each, with its `ID` and `dashboard`. A new one is added to `dashboards` here."""

from kibana.dashboard import Dashboard
from kibana.dashboards import feed, trading

# What Kibana opens with.
FIRST_ID = trading.ID


def dashboards(ratio_bounds: tuple[str, str]) -> tuple[Dashboard, ...]:
    """All of them. `ratio_bounds`: at the first ratio or below, and at the second or above, the bot buys nothing."""
    return (trading.dashboard(ratio_bounds), feed.dashboard())
