"""Spark's reports of a query's batches as figures."""

from typing import Any

from spark_jobs.progress import Progress


def report(batch: int, second: int, **fields: Any) -> dict[str, Any]:
    """A report as Spark 4.2 gives it, of what is read from it."""
    return {
        "batchId": batch,
        "timestamp": f"2026-11-25T10:00:{second:02}.000Z",
        "durationMs": {"triggerExecution": 250},
        "eventTime": {"watermark": "2026-11-25T09:59:00.000Z"},
        "stateOperators": [{"numRowsDroppedByWatermark": 0}],
        "sources": [{"endOffset": {"gemini-feed": {"0": 40, "1": 2}}, "metrics": {"maxOffsetsBehindLatest": "3"}}],
        "sink": {"numOutputRows": 2},
        **fields,
    }


def test_figures_say_what_the_newest_report_says() -> None:
    assert Progress().after([report(7, 1)]).figures() == {
        "batch": 7,
        "records_read": 42,
        "records_behind": 3,
        "records_written": 2,
        "rows_late": 0,
        "watermark_ms": 1795600740000,
        "batch_ms": 250,
    }


def test_report_is_counted_once_however_often_it_is_seen() -> None:
    first, second = report(7, 1), report(8, 2, stateOperators=[{"numRowsDroppedByWatermark": 1}])
    progress = Progress().after([first]).after([first, second]).after([second])
    assert (progress.written, progress.late) == (4, 1)


def test_report_of_an_idle_query_without_figures_is_read() -> None:
    idle = report(0, 1, sources=[{"endOffset": None}], sink={}, eventTime={}, stateOperators=[], durationMs={})
    assert Progress().after([idle]).figures()["records_read"] == 0


def test_offsets_that_come_as_text_are_read() -> None:
    as_text = report(0, 1, sources=[{"endOffset": '{"gemini-feed":{"0":5}}', "metrics": {}}])
    assert Progress().after([as_text]).read == 5
