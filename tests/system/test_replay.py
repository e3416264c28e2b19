"""A recording through the real parts: its minutes equal the recount, and its end leaves everything else up."""

from pathlib import Path

import pytest

from local.artifacts import ArtifactCache
from pipeline.topics import GEMINI_FEED
from tests.producers.recorded_session import arrivals, write_recording
from tests.system.pipeline_run import MINUTE_MS, pipeline_run

pytestmark = pytest.mark.slow

DEADLINE = 420.0
RECORDED_MINUTES = 6
CLOSED_AFTER_MS = 2_000


def test_minutes_of_a_recording_equal_the_recount(tmp_path: Path, artifact_cache: ArtifactCache) -> None:
    # The last arrival would be the loss of the connection: this one stands to the end.
    recording = write_recording(tmp_path / "btc.zst", arrivals(RECORDED_MINUTES)[:-1])
    with pipeline_run(tmp_path, artifact_cache, {}, recording=recording) as run:
        producer = run.system.parts["producer-gemini"]
        run.await_true(lambda: producer.state == "done", DEADLINE, "the end of the recording")
        ticks = [record["event_time"] for record in run.values(GEMINI_FEED) if record["type"] == "tick"]
        first = -(-ticks[0] // MINUTE_MS) * MINUTE_MS
        # The last minute that is closed: event time has passed its end by the job's delay, whenever the replay began.
        last = (ticks[-1] - CLOSED_AFTER_MS) // MINUTE_MS * MINUTE_MS - MINUTE_MS
        minutes = run.await_minutes(last, DEADLINE)
        assert producer.restarts == 0
        assert run.system.parts["spark"].state == "up"

    verdict = minutes.compared()
    assert verdict.problems == ()
    whole = [minutes.of(start) for start in range(first, last + MINUTE_MS, MINUTE_MS)]
    assert len(whole) >= RECORDED_MINUTES - 2
    assert all(minute["complete"] and minute["value"] for minute in whole)
