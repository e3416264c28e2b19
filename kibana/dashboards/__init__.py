"""The dashboards: a module each, which ends in one `DASHBOARD`. A new one is added to `DASHBOARDS` here."""

from kibana.dashboard import Dashboard
from kibana.dashboards import trading

DASHBOARDS: tuple[Dashboard, ...] = (trading.DASHBOARD,)
# What Kibana opens with.
FIRST = trading.DASHBOARD
