"""What a demo tells about the minutes it saw."""

from local.minutes_seen import MINUTE_MS, Absence, MinuteRow, MinutesSeen, clock_text, counts_text
from market.records import Book, FeedRecord, Gap, PriceVolume, Tick

NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC


def minute(start: int = NOON, **changed: object) -> PriceVolume:
    fields: dict[str, object] = {
        "exchange": "gemini",
        "symbol": "BTCUSD",
        "event_time": start + MINUTE_MS,
        "window_start": start,
        "window_end": start + MINUTE_MS,
        "timestamp": start // 1000,
        "changes": 12,
        "ask": "200.00000000",
        "bid": "100.00000000",
        "value": "2.000000000000",
        "complete": True,
    }
    return PriceVolume(**(fields | changed))  # type: ignore[arg-type]


def tick(at: int) -> Tick:
    return Tick(exchange="gemini", symbol="BTCUSD", event_time=at, received_time=at, connection="c")


def gap(from_: int, to: int, reason: str = "sequence", at: int | None = None) -> Gap:
    return Gap(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=to if at is None else at,
        received_time=to,
        connection="c",
        from_=from_,
        to=to,
        reason=reason,
    )


def shown(record: PriceVolume, *feed: FeedRecord) -> MinuteRow:
    seen = MinutesSeen()
    for item in feed:
        seen.feed(item)
    (row,) = seen.minute(record)
    assert isinstance(row, MinuteRow)
    return row


def test_complete_minute_needs_no_note() -> None:
    row = shown(minute(), tick(NOON))
    assert (row.ratio, row.complete, row.note) == ("2.000000000000", True, "")


def test_minute_with_a_gap_names_its_span_and_reason() -> None:
    row = shown(minute(complete=False), tick(NOON), gap(NOON + 5_000, NOON + 9_000, "silent socket"))
    assert row.note == "gap 12:00:05–12:00:09: silent socket"


def test_first_minute_of_a_feed_says_when_it_began() -> None:
    row = shown(minute(complete=False), tick(NOON), gap(NOON + 5_000, NOON + 5_000, "start"))
    assert row.note == "began at 12:00:05 (start)"


def test_gap_of_another_minute_does_not_explain_this_one() -> None:
    row = shown(minute(complete=False), tick(NOON), tick(NOON + 1_000), gap(NOON + 65_000, NOON + 66_000))
    assert row.note == "2 of 60 seconds seen"


def test_gap_that_began_in_an_earlier_minute_explains_the_minute_it_ends_in() -> None:
    row = shown(minute(complete=False), tick(NOON - 1), gap(NOON - 120_000, NOON + 3_000, "start"))
    assert row.note == "gap 11:58:00–12:00:03: start"


def test_minute_from_before_the_watch_says_so() -> None:
    row = shown(minute(complete=False), tick(NOON + 10 * MINUTE_MS))
    assert row.note == "ended before this watch began"


def test_quiet_minute_says_that_nothing_changed() -> None:
    row = shown(minute(changes=0, ask="0.00000000", bid="0.00000000", value=None), tick(NOON))
    assert (row.ratio, row.note) == (None, "no ratio: nothing changed")


def test_minute_with_one_side_missing_names_the_side() -> None:
    assert shown(minute(bid="0.00000000", value=None)).note == "no ratio: no bid liquidity"
    assert shown(minute(ask="0.00000000", value=None)).note == "no ratio: no ask liquidity"


def test_minute_with_an_overflowed_sum_says_so() -> None:
    assert shown(minute(ask=None, value=None)).note == "a sum is too large"


def test_minute_written_twice_is_shown_once() -> None:
    seen = MinutesSeen()
    assert len(seen.minute(minute())) == 1
    assert seen.minute(minute()) == ()


def test_minutes_in_which_nothing_ran_are_shown_as_absence() -> None:
    seen = MinutesSeen()
    seen.minute(minute())
    absence, row = seen.minute(minute(NOON + 4 * MINUTE_MS))
    assert absence == Absence(NOON + MINUTE_MS, NOON + 4 * MINUTE_MS, "gemini", "BTCUSD")
    assert isinstance(row, MinuteRow)


def test_symbols_have_their_own_absences() -> None:
    seen = MinutesSeen()
    seen.minute(minute())
    assert len(seen.minute(minute(NOON + 4 * MINUTE_MS, symbol="ETHUSD"))) == 1


def test_feed_is_counted_by_type_and_gives_the_price() -> None:
    seen = MinutesSeen()
    seen.feed(tick(NOON))
    seen.feed(tick(NOON + 1_000))
    seen.feed(
        Book(
            exchange="gemini",
            symbol="BTCUSD",
            event_time=NOON + 1_000,
            received_time=NOON,
            connection="c",
            bids=(("7500.01", "1"),),
            asks=(),
        )
    )
    assert dict(seen.counts) == {"tick": 2, "book": 1}
    assert seen.event_time == NOON + 1_000
    assert seen.price is not None
    assert (seen.price.bid, seen.price.ask) == ("7500.01", None)


def test_counts_text_orders_by_frequency() -> None:
    assert counts_text({"tick": 60, "l2": 1234}.items()) == "1,234 l2 · 60 tick"


def test_clock_text_is_utc() -> None:
    assert clock_text(NOON + 61_000) == "12:01:01"
