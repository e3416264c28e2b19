"""What a live run says about the exchange being out of reach, and when it is there again."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from local.outside_watch import AGAIN_SECONDS, LOOK_SECONDS, PASSING_SECONDS, OutsideWatch

LOST = {"message": "connection lost", "reason": "connect", "detail": "Name or service not known"}
CONNECTED = {"message": "connected", "url": "wss://elsewhere"}
NO_CANDLES = {"message": "no candles; trying again", "why": "cannot be reached", "then": "there is no forecast yet"}


class Logs:
    """The parts' logs in a folder, and a watch over them."""

    def __init__(self, folder: Path, parts: Sequence[str] = ("kafka", "producer-gemini", "forecast")) -> None:
        self._folder = folder
        self._watch = OutsideWatch({part: folder / f"{part}.log" for part in parts})

    def add(self, part: str, *lines: object) -> None:
        with (self._folder / f"{part}.log").open("a") as log:
            log.writelines(json.dumps(line) + "\n" for line in lines)

    def news(self, now: float) -> tuple[str, ...]:
        return self._watch.news(now)


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


def test_without_logs_there_is_nothing_to_say(logs: Logs) -> None:
    assert logs.news(0) == ()


def test_exchange_out_of_reach_is_told_with_the_reason_then_again_after_a_while(logs: Logs) -> None:
    logs.add("producer-gemini", {"message": "feed begins"}, LOST)
    assert logs.news(0) == ()
    (told,) = logs.news(PASSING_SECONDS)
    assert "The exchange is not reached (connect: Name or service not known)" in told
    assert "keeps trying" in told
    logs.add("producer-gemini", LOST)
    assert logs.news(PASSING_SECONDS + LOOK_SECONDS) == ()
    assert logs.news(PASSING_SECONDS + AGAIN_SECONDS) == (told,)


def test_exchange_that_is_reached_again_is_told_once(logs: Logs) -> None:
    logs.add("producer-gemini", LOST)
    logs.news(0)
    assert len(logs.news(10)) == 1
    logs.add("producer-gemini", CONNECTED, {"message": "anything else"})
    assert logs.news(20) == ("The exchange is reached.",)
    assert logs.news(30) == ()


def test_connection_that_is_there_again_at_once_is_not_worth_a_word(logs: Logs) -> None:
    logs.add("producer-gemini", CONNECTED, LOST)
    assert logs.news(0) == ()
    logs.add("producer-gemini", CONNECTED)
    assert logs.news(10) == ()


def test_candles_that_do_not_come_are_told_with_what_it_means_for_the_bot(logs: Logs) -> None:
    logs.add("forecast", NO_CANDLES)
    logs.news(0)
    assert logs.news(10) == ("No new forecast: cannot be reached; there is no forecast yet.",)
    logs.add("forecast", {"message": "candles kept"}, {"message": "forecast written"})
    assert logs.news(20) == ("A forecast was made.",)


def test_run_of_the_stream_alone_has_no_forecast_to_watch(tmp_path: Path) -> None:
    logs = Logs(tmp_path, ["kafka", "producer-gemini"])
    logs.add("producer-gemini", LOST)
    logs.news(0)
    assert len(logs.news(10)) == 1


def test_line_that_is_no_json_is_passed_over(logs: Logs, tmp_path: Path) -> None:
    logs.add("producer-gemini", LOST)
    with (tmp_path / "producer-gemini.log").open("a") as log:
        log.write("Traceback\n[1, 2]\n")
    logs.news(0)
    assert len(logs.news(10)) == 1
