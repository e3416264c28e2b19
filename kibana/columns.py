"""Columns of a Lens chart: what is asked of Elasticsearch, each under an id of its own within its layer."""

from kibana.data_views import TIME_FIELD
from kibana.saved_objects import Json

MINUTE = "1m"
# The field that stands for "the documents themselves".
RECORDS = "___records___"
# More than a chart is likely to have, and few enough to be told apart by their colours.
MOST_SERIES = 16


def by_minute() -> Json:
    """Buckets of a minute. Over a time range of more than a thousand minutes Kibana takes wider ones by itself.

    A minute without documents has its bucket too, so that a hole in the data is one in the chart.
    """
    return {
        "label": "time (UTC)",
        "customLabel": True,
        "dataType": "date",
        "operationType": "date_histogram",
        "sourceField": TIME_FIELD,
        "isBucketed": True,
        "scale": "interval",
        "params": {"interval": MINUTE, "includeEmptyRows": True, "dropPartials": False},
    }


def by_value(field: str, label: str, most: int = MOST_SERIES) -> Json:
    """A series for each value of a keyword field, the `most` first ones in the alphabet's order."""
    return {
        "label": label,
        "customLabel": True,
        "dataType": "string",
        "operationType": "terms",
        "sourceField": field,
        "isBucketed": True,
        "scale": "ordinal",
        "params": {
            "size": most,
            "orderBy": {"type": "alphabetical", "fallback": True},
            "orderDirection": "asc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
        },
    }


def average(field: str, label: str, decimals: int) -> Json:
    """The mean of a number field; nothing where there is no document."""
    return _metric("average", field, label, decimals)


def total(field: str, label: str, decimals: int) -> Json:
    """The sum of a number field."""
    return _metric("sum", field, label, decimals)


def count(label: str) -> Json:
    """How many documents."""
    return _metric("count", RECORDS, label, 0)


def distinct(field: str, label: str) -> Json:
    """How many different values a field has."""
    return _metric("unique_count", field, label, 0)


def running_total(of: str, label: str, decimals: int) -> Json:
    """The sum so far, from the left edge of the chart on, of the column with the id `of` in the same layer."""
    return {
        "label": label,
        "customLabel": True,
        "dataType": "number",
        "operationType": "cumulative_sum",
        "isBucketed": False,
        "scale": "ratio",
        "references": [of],
        "params": {"format": _number(decimals)},
    }


def constant(value: str, label: str) -> Json:
    """A number that is the same everywhere: a threshold."""
    return {
        "label": label,
        "customLabel": True,
        "dataType": "number",
        "operationType": "static_value",
        "isStaticValue": True,
        "isBucketed": False,
        "scale": "ratio",
        "references": [],
        "params": {"value": value},
    }


def _metric(operation: str, field: str, label: str, decimals: int) -> Json:
    return {
        "label": label,
        "customLabel": True,
        "dataType": "number",
        "operationType": operation,
        "sourceField": field,
        "isBucketed": False,
        "scale": "ratio",
        # A sum of nothing is 0 in Elasticsearch; a chart should show nothing.
        "params": {"emptyAsNull": True, "format": _number(decimals)},
    }


def _number(decimals: int) -> Json:
    return {"id": "number", "params": {"decimals": decimals}}
