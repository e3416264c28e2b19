"""What Spark reports of a query's batches, as the figures that go to `health`: pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

Figures = Mapping[str, int | float]


@dataclass(frozen=True)
class Progress:
    """The sums over all reports so far of one query, and what the newest said."""

    newest: str = ""
    """Spark's time stamp of the newest report."""
    batch: int = -1
    written: int = 0
    """Records written by the batches of this run; a repeated batch counts again."""
    late: int = 0
    """Rows dropped as late: design §3 leaves none, so one is a fault."""
    read: int = 0
    """The topic's records that are behind the query, over all runs (offsets)."""
    behind: int = 0
    watermark_ms: int = 0
    batch_ms: int = 0

    def after(self, reports: Iterable[Mapping[str, Any]]) -> "Progress":
        """This, with the reports that it has not seen yet; `reports` as Spark gives them, oldest first."""
        progress = self
        for report in reports:
            if report["timestamp"] > progress.newest:
                progress = progress._with(report)
        return progress

    def figures(self) -> Figures:
        """By name, for `health`."""
        return {
            "batch": self.batch,
            "records_read": self.read,
            "records_behind": self.behind,
            "records_written": self.written,
            "rows_late": self.late,
            "watermark_ms": self.watermark_ms,
            "batch_ms": self.batch_ms,
        }

    def _with(self, report: Mapping[str, Any]) -> "Progress":
        source = report["sources"][0]
        return replace(
            self,
            newest=report["timestamp"],
            batch=report["batchId"],
            written=self.written + max(0, report["sink"].get("numOutputRows", 0)),
            late=self.late + sum(each["numRowsDroppedByWatermark"] for each in report.get("stateOperators", ())),
            read=_offsets(source.get("endOffset")),
            behind=int(float((source.get("metrics") or {}).get("maxOffsetsBehindLatest", 0))),
            watermark_ms=_epoch_ms(report.get("eventTime", {}).get("watermark")),
            batch_ms=report.get("durationMs", {}).get("triggerExecution", 0),
        )


def _offsets(end: object) -> int:
    """The sum over all partitions of Kafka's offsets, which Spark gives as JSON or as text that holds JSON."""
    by_topic = json.loads(end) if isinstance(end, str) else end
    if not isinstance(by_topic, dict):
        return 0
    return sum(sum(partitions.values()) for partitions in by_topic.values())


def _epoch_ms(text: str | None) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000) if text else 0
