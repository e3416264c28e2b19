"""Every minute comes once and is right to the digit: in odd markets, and after kills at the worst points."""

from pathlib import Path

import pytest

from local.artifacts import ArtifactCache
from pipeline.topics import GEMINI_FEED
from tests.spark_jobs.kill_between_offsets_and_commit import kill_between
from tests.system.pipeline_run import MINUTE_MS, Json, PipelineRun, pipeline_run

pytestmark = pytest.mark.slow

DEADLINE = 420.0
# Counted in whole minutes from the simulator's start; the feed begins a moment later.
SCENES = "quiet@minute:2,one-side@minute:3,gap@minute:4"
LAST = 6
KILLED_TICK = 150
ZERO = "0.00000000"


def first_tick(run: PipelineRun) -> int:
    """Event time of the feed's first tick, awaited."""

    def ticks() -> list[int]:
        return [record["event_time"] for record in run.values(GEMINI_FEED) if record["type"] == "tick"]

    run.await_true(lambda: bool(ticks()), DEADLINE, "a first tick")
    return ticks()[0]


def first_whole_minute(event_time: int) -> int:
    return -(-event_time // MINUTE_MS) * MINUTE_MS


def first_minute_of(gap: Json) -> int:
    """The minute that the gap's record lies in."""
    return int(gap["event_time"] // MINUTE_MS * MINUTE_MS)


def test_quiet_one_sided_and_broken_minutes_equal_the_recount(tmp_path: Path, artifact_cache: ArtifactCache) -> None:
    with pipeline_run(tmp_path, artifact_cache, {"simulator": {"SIMULATOR_SCENES": SCENES}}) as run:
        start = first_whole_minute(first_tick(run))
        minutes = run.await_minutes(start + LAST * MINUTE_MS, DEADLINE)

    verdict = minutes.compared()
    assert verdict.problems == ()
    assert verdict.compared >= LAST + 1

    complete = [minute for minute in minutes.out if minute["complete"]]
    quiet = [minute for minute in complete if minute["changes"] == 0]
    assert quiet
    assert {(minute["bid"], minute["ask"], minute["value"]) for minute in quiet} == {(ZERO, ZERO, None)}
    one_sided = [minute for minute in complete if minute["ask"] == ZERO and minute["bid"] != ZERO]
    assert one_sided
    assert {minute["value"] for minute in one_sided} == {None}
    broken = [record for record in minutes.feed if record["type"] == "gap"][1:]
    assert broken, "after the gap of the start there is one of the missing sequence number"
    assert not any(minutes.of(first_minute_of(gap))["complete"] for gap in broken)
    assert len([minute for minute in complete if minute["value"]]) >= 2


def test_minutes_survive_kills_of_the_producer_and_of_spark(tmp_path: Path, artifact_cache: ArtifactCache) -> None:
    hit = tmp_path / "killed"
    kill = {"KILL_AT": f"producer.before_tick:{KILLED_TICK}", "KILL_AT_FILE": str(hit)}
    with pipeline_run(tmp_path, artifact_cache, {"producer-gemini": kill}) as run:
        start = first_whole_minute(first_tick(run))
        spark = run.system.parts["spark"]
        checkpoint = run.settings.run_dir / "checkpoints" / "liquidity-gemini"
        run.await_true((checkpoint / "commits" / "0").exists, DEADLINE, "Spark's first batch")
        assert spark.pid is not None
        killed_batch = kill_between(checkpoint, spark.pid, after_batch=0, deadline_seconds=DEADLINE)
        run.await_true(hit.exists, DEADLINE, "the producer at its kill point")
        spark.await_restarted(1, DEADLINE)
        run.system.parts["producer-gemini"].await_restarted(1, DEADLINE)
        minutes = run.await_minutes(start + LAST * MINUTE_MS, DEADLINE)

    assert killed_batch > 0
    assert hit.read_text(encoding="utf-8") == "killed at producer.before_tick\n"
    verdict = minutes.compared()
    assert verdict.problems == ()
    assert verdict.compared >= LAST

    restart = [record for record in minutes.feed if record["type"] == "gap"][1:]
    assert restart, "a producer that was killed tells at its next start what it may have missed"
    assert not any(minutes.of(first_minute_of(gap))["complete"] for gap in restart)
    assert any(minute["complete"] and minute["value"] for minute in minutes.out)
