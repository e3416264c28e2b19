"""Logs: one JSON object a line."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from pipeline.log import Log, get_log, set_up_logs


@pytest.fixture(autouse=True)
def _level_as_before() -> Iterator[None]:
    before = Log.least
    yield
    Log.least = before


def test_line_is_one_json_object_with_its_fields() -> None:
    stream = io.StringIO()
    Log("bot", stream).warning("two\nlines", price=Decimal("1.50"), url="ws://x", error=ValueError("no"))
    (line,) = stream.getvalue().splitlines()
    written = json.loads(line)
    assert written.pop("time").endswith("Z")
    assert written == {
        "level": "warning",
        "part": "bot",
        "message": "two\nlines",
        "price": "1.50",
        "url": "ws://x",
        "error": "no",
    }


def test_level_holds_for_logs_made_before_and_after_it_was_set() -> None:
    before = get_log("level-before")
    set_up_logs("warning")
    after = get_log("level-after")
    for log in (before, after):
        log.stream = io.StringIO()
        log.info("too little")
        log.warning("enough")
        assert [json.loads(line)["message"] for line in log.stream.getvalue().splitlines()] == ["enough"]


def test_same_name_is_the_same_log() -> None:
    assert get_log("one") is get_log("one")


def test_part_goes_on_when_nobody_reads_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    Log("bot", Closed()).info("unheard")
    assert capsys.readouterr().err == ""
