"""What is told of something that happens seldom, and of what happens again and again."""

import io
import json

from pipeline.log import Log
from pipeline.seldom_warning import TOLD_EACH_SECONDS, SeldomWarning


class Told:
    """A warning and a clock that stands still unless it is set."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.now = 0.0
        self._warning = SeldomWarning(Log("part", self._stream), "put aside", lambda: self.now)

    def tell(self, symbol: str, number: int) -> None:
        self._warning.tell(symbol, symbol=symbol, id=number)

    @property
    def lines(self) -> list[tuple[str, int, int]]:
        """Symbol, id and others."""
        lines = [json.loads(line) for line in self._stream.getvalue().splitlines()]
        assert {line["message"] for line in lines} == {"put aside"}
        return [(line["symbol"], line["id"], line.get("others", 0)) for line in lines]


def test_first_of_each_subject_is_told_at_once() -> None:
    told = Told()
    told.tell("A", 1)
    told.tell("B", 2)
    assert told.lines == [("A", 1, 0), ("B", 2, 0)]


def test_flood_is_a_line_each_ten_seconds_that_counts_the_others() -> None:
    told = Told()
    for number in range(2_500):
        told.now = number / 100
        told.tell("A", number)
    each = int(TOLD_EACH_SECONDS * 100)
    assert told.lines == [("A", 0, 0), ("A", each, each - 1), ("A", 2 * each, each - 1)]


def test_one_after_a_quiet_while_is_told_with_those_that_were_not() -> None:
    told = Told()
    told.tell("A", 1)
    told.tell("A", 2)
    told.now = 600.0
    told.tell("A", 3)
    told.now = 1_200.0
    told.tell("A", 4)
    assert told.lines == [("A", 1, 0), ("A", 3, 1), ("A", 4, 0)]
