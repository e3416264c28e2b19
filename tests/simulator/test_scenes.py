"""When scenes are on."""

import pytest

from simulator.errors import WrongScene
from simulator.scenes import GUARD_MS, MINUTE_MS, ONCE, Scene, Schedule, parse_scene

MINUTE_0 = 1_767_225_600_000
START = MINUTE_0 - 20_000


@pytest.mark.parametrize(
    ("text", "name", "from_s", "to_s"),
    [
        ("quiet@minute:0", "quiet", 0, 60),
        ("quiet@minute:2", "quiet", 120, 180),
        ("one-side@minute:2-4", "one-side", 120, 300),
        ("gap@minute:4", "gap", 270, 270),
        ("gap@minute:4+10", "gap", 250, 250),
        ("disconnect@45", "disconnect", 25, 25),
        ("silent@90-120.5", "silent", 70, 100.5),
        ("malformed@10-20", "malformed", -5, -5),
    ],
)
def test_scene_is_read(text: str, name: str, from_s: float, to_s: float) -> None:
    expected = Scene(name, MINUTE_0 + round(from_s * 1000), MINUTE_0 + round(to_s * 1000))
    assert parse_scene(text, START) == expected


def test_start_on_a_whole_minute_counts_that_minute() -> None:
    assert parse_scene("quiet@minute:0", MINUTE_0).from_ms == MINUTE_0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quiet",
        "quiet@",
        "quiet@90",
        "quiet@20-10",
        "quiet@minute:-1",
        "loud@minute:1",
        "gap@x",
        "silent@minute:4+10",
    ],
)
def test_scene_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(WrongScene, match="scene"):
        parse_scene(text, START)


def test_whole_quiet_minute_has_no_side_that_may_change() -> None:
    schedule = Schedule([parse_scene("quiet@minute:2", START)])
    begin = MINUTE_0 + 2 * MINUTE_MS
    assert {schedule.sides_at(begin + offset) for offset in (-GUARD_MS, 0, 30_000, 59_999)} == {()}
    assert {schedule.sides_at(begin + offset) for offset in (-GUARD_MS - 1, MINUTE_MS)} == {("bid", "ask")}


def test_one_sided_minute_lets_only_bids_change() -> None:
    schedule = Schedule([parse_scene("one-side@minute:2", START)])
    assert schedule.sides_at(MINUTE_0 + 2 * MINUTE_MS) == ("bid",)
    assert schedule.sides_at(MINUTE_0 + 3 * MINUTE_MS) == ("bid", "ask")


def test_what_happens_once_is_due_once() -> None:
    schedule = Schedule([parse_scene("gap@minute:0", START)])
    assert schedule.take_due(MINUTE_0 + 29_999, ONCE) == []
    assert schedule.take_due(MINUTE_0 + 30_500, ONCE) == ["gap"]
    assert schedule.take_due(MINUTE_0 + 31_000, ONCE) == []


def test_same_thing_asked_for_twice_happens_twice() -> None:
    schedule = Schedule([Scene("partial", START, START), Scene("partial", START + 10, START + 10)])
    assert schedule.take_due(START + 5, ONCE) == []
    assert [schedule.take_one("partial", START + wait) for wait in (5, 6, 10, 20)] == [True, False, True, False]
