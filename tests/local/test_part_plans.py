"""What a run consists of."""

from pathlib import Path

from local.jdk import Jdk
from local.part_plans import Finishes, PartPlan, PortAnswers, RunClock, Tools, next_clock, part_plans
from local.settings import LocalSettings

NOW = 1_767_268_800_000
TOOLS = Tools("python3", Jdk(Path("/jdk"), 25), (Path("/kafka/a.jar"), Path("/kafka/b.jar")), Path("/jars"))


REAL_TIME = RunClock()


def plans(clock: RunClock = REAL_TIME) -> dict[str, PartPlan]:
    settings = LocalSettings(
        state_dir=Path("/elsewhere"), kafka_port=1001, simulator_port=1002, spark_ui_port=1003, demo_source="simulator"
    )
    return {plan.name: plan for plan in part_plans(settings, TOOLS, clock)}


def our_own(by_name: dict[str, PartPlan]) -> list[PartPlan]:
    return [plan for name, plan in by_name.items() if name != "kafka"]


def test_parts_start_in_the_order_in_which_they_need_each_other() -> None:
    assert list(plans()) == ["kafka", "topics", "simulator", "producer-gemini", "spark"]


def test_every_part_uses_this_runs_broker_and_state_folder() -> None:
    for plan in our_own(plans()):
        assert plan.env["KAFKA_BOOTSTRAP"] == "127.0.0.1:1001"
        assert plan.env["STATE_DIR"] == "/elsewhere/simulator"


def test_broker_runs_on_the_jdk_and_is_ready_when_its_port_answers() -> None:
    kafka = plans()["kafka"]
    assert kafka.argv[0] == "/jdk/bin/java"
    assert kafka.ready == PortAnswers(1001)
    assert kafka.address == "127.0.0.1:1001"


def test_topics_are_made_before_anything_needs_them() -> None:
    assert plans()["topics"].ready == Finishes()


def test_producer_reads_the_simulator() -> None:
    assert plans()["producer-gemini"].env["FEED_URL"] == plans()["simulator"].address == "ws://127.0.0.1:1002"


def test_spark_gets_the_jdk_the_jars_and_its_port() -> None:
    spark = plans()["spark"]
    assert spark.env["JAVA_HOME"] == "/jdk"
    assert spark.env["SPARK_JARS_DIR"] == "/jars"
    assert spark.ready == PortAnswers(1003)
    assert spark.address == "http://127.0.0.1:1003"


def test_parts_share_one_clock() -> None:
    clock = RunClock(speed=4.0, anchor_ms=NOW, start_ms=NOW + 5)
    for plan in our_own(plans(clock)):
        assert plan.env["CLOCK_SPEED"] == "4"
        assert plan.env["CLOCK_ANCHOR_MS"] == str(NOW)
        assert plan.env["CLOCK_START_MS"] == str(NOW + 5)


def test_first_run_at_speed_one_uses_real_time() -> None:
    assert next_clock(None, 1.0, NOW) == RunClock()
    assert RunClock().wall_ms(NOW) == NOW


def test_fast_clock_starts_now() -> None:
    clock = next_clock(None, 4.0, NOW)
    assert clock.wall_ms(NOW) == NOW
    assert clock.wall_ms(NOW + 1_000) == NOW + 4_000


def test_clock_of_the_next_run_never_goes_back() -> None:
    first = next_clock(None, 4.0, NOW)
    later = NOW + 60_000
    for speed in (1.0, 2.0, 4.0):
        assert next_clock(first, speed, later).wall_ms(later) == first.wall_ms(later) == NOW + 240_000


def test_slow_clock_catches_up_with_real_time() -> None:
    first = RunClock(speed=0.5, anchor_ms=NOW, start_ms=NOW)
    assert next_clock(first, 1.0, NOW + 60_000) == RunClock()
