"""All that is brought into Kibana."""

from kibana.dashboards import DASHBOARDS
from kibana.data_views import data_views
from kibana.saved_objects import SavedObject


def saved_objects() -> tuple[SavedObject, ...]:
    """The data views first, then the dashboards that need them."""
    return (*data_views(), *(dashboard.saved_object() for dashboard in DASHBOARDS))
