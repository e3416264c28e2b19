"""All that is brought into Kibana."""

from collections.abc import Sequence

from kibana.dashboard import Dashboard
from kibana.data_views import data_views
from kibana.saved_objects import SavedObject


def saved_objects(dashboards: Sequence[Dashboard]) -> tuple[SavedObject, ...]:
    """The data views first, then the dashboards that need them."""
    return (*data_views(), *(dashboard.saved_object() for dashboard in dashboards))
