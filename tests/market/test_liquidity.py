"""The minute's ratio (design §3) against sums of whole fractions."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.liquidity import price_volume
from market.records import L2, Change, FeedRecord, Gap, PriceVolume, Reason, Side, Tick, Trade

START = 1_700_000_040_000


def l2(at: int, *changes: Change) -> L2:
    return L2(exchange="gemini", symbol="BTCUSD", event_time=at, received_time=at, connection="c", changes=changes)


def tick(at: int) -> Tick:
    return Tick(exchange="gemini", symbol="BTCUSD", event_time=at, received_time=at, connection="c")


def gap(at: int) -> Gap:
    return Gap(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=at,
        received_time=at,
        connection="c",
        from_=at - 5,
        to=at,
        reason="sequence",
    )


def change(side: Side, price: str, remaining: str, reason: Reason | None = "place") -> Change:
    return Change(side=side, price=price, remaining=remaining, reason=reason)


def minute(*records: FeedRecord) -> PriceVolume:
    return price_volume("gemini", "BTCUSD", START, records)


def ticks(count: int = 60) -> list[FeedRecord]:
    return [tick(START + second * 1000) for second in range(count)]


def half_up(number: Fraction, places: int) -> str:
    units = floor(number * 10**places + Fraction(1, 2))
    return f"{units // 10**places}.{units % 10**places:0{places}d}"


def test_quiet_minute_has_no_changes_and_no_ratio() -> None:
    assert minute(*ticks()) == PriceVolume(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=START + 60_000,
        window_start=START,
        window_end=START + 60_000,
        timestamp=START // 1000,
        changes=0,
        ask="0.00000000",
        bid="0.00000000",
        value=None,
        complete=True,
    )


def test_ratio_is_ask_sum_by_bid_sum_to_twelve_places() -> None:
    found = minute(
        l2(START, change("ask", "3", "2"), change("bid", "2.5", "1.2")), l2(START + 9, change("ask", "1", "1"))
    )
    assert (found.changes, found.ask, found.bid, found.value) == (3, "7.00000000", "3.00000000", "2.333333333333")


@pytest.mark.parametrize(
    ("side", "ask", "bid"), [("ask", "6.00000000", "0.00000000"), ("bid", "0.00000000", "6.00000000")]
)
def test_minute_with_one_side_missing_has_no_ratio(side: Side, ask: str, bid: str) -> None:
    found = minute(l2(START, change(side, "3", "2")))
    assert (found.ask, found.bid, found.value) == (ask, bid, None)


def test_first_books_do_not_count_and_removals_and_unexplained_changes_do() -> None:
    found = minute(
        l2(START, change("ask", "3", "2", "initial"), change("bid", "3", "2", "initial")),
        l2(START + 1, change("ask", "3", "0", "cancel"), change("bid", "2", "1", None)),
    )
    assert (found.changes, found.ask, found.bid, found.value) == (2, "0.00000000", "2.00000000", None)


def test_minute_is_half_open() -> None:
    at_start, at_end = l2(START, change("ask", "1", "1")), l2(START + 60_000, change("ask", "1", "8"))
    before = l2(START - 1, change("ask", "1", "16"))
    assert minute(before, at_start, at_end).ask == "1.00000000"


def test_trades_change_no_sum() -> None:
    trade = Trade(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=START,
        received_time=START,
        connection="c",
        trade_id="1",
        price="1",
        size="1",
        maker_side="bid",
    )
    assert minute(trade, *ticks()).changes == 0


def test_sum_too_small_for_eight_places_is_zero_and_gives_no_ratio() -> None:
    found = minute(l2(START, change("ask", "1", "1"), change("bid", "0.00000001", "0.1")))
    assert (found.bid, found.value) == ("0.00000000", None)
    assert minute(l2(START, change("bid", "0.00000001", "0.5"))).bid == "0.00000001"


def test_ratio_comes_from_the_rounded_sums() -> None:
    found = minute(l2(START, change("ask", "1", "1"), change("bid", "0.00000001", "1.4999999999")))
    assert found.value == "100000000.000000000000"


def test_sum_that_does_not_fit_is_null_and_so_is_the_ratio() -> None:
    fits = l2(START, change("ask", "999999999", "999999999.9999999999"), change("bid", "1", "1"))
    found = minute(fits)
    assert (found.ask, found.value) == ("999999998999999999.90000000", "999999998999999999.900000000000")
    too_much = minute(fits, fits)
    assert (too_much.ask, too_much.bid, too_much.value, too_much.changes) == (None, "2.00000000", None, 4)


def test_sum_that_is_rounded_up_to_the_limit_is_null() -> None:
    nines = [change("ask", "1000000000", "999999999.9999999999"), change("ask", "1", "0.0999999")]
    assert minute(l2(START, *nines)).ask == "999999999999999999.99999990"
    rest = change("ask", "0.00000001", "9.5")
    assert minute(l2(START, *nines, rest)).ask is None


@pytest.mark.parametrize("count", [0, 59, 61])
def test_minute_without_exactly_sixty_ticks_is_incomplete(count: int) -> None:
    records = [tick(START + number * 900) for number in range(count)]
    assert not minute(*records).complete


def test_minute_with_a_gap_is_incomplete_and_keeps_its_sums() -> None:
    found = minute(gap(START + 5), l2(START + 6, change("ask", "3", "2")), *ticks())
    assert (found.complete, found.ask) == (False, "6.00000000")


def test_gap_of_the_next_minute_does_not_touch_this_one() -> None:
    assert minute(gap(START + 60_000), *ticks()).complete


prices = st.integers(1, 10**18 - 1).map(lambda units: f"{units // 10**8}.{units % 10**8:08d}")
sizes = st.integers(0, 10**19 - 1).map(lambda units: f"{units // 10**10}.{units % 10**10:010d}")
ordinary_prices = st.integers(1, 10**7).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
ordinary_sizes = st.integers(0, 10**9).map(lambda units: f"{units // 10**8}.{units % 10**8:08d}")
any_changes = st.builds(
    change,
    st.sampled_from(["bid", "ask"]),
    st.one_of(prices, ordinary_prices),
    st.one_of(sizes, ordinary_sizes),
    st.sampled_from(["initial", "place", "trade", "cancel", None]),
)


@given(st.lists(any_changes, max_size=12))
def test_sums_and_ratio_equal_whole_fractions_rounded_once(changes: list[Change]) -> None:
    counted = [each for each in changes if each.reason != "initial"]
    shown: dict[Side, str | None] = {}
    for side in ("ask", "bid"):
        exact = sum((Fraction(c.price) * Fraction(c.remaining) for c in counted if c.side == side), Fraction(0))
        text = half_up(exact, 8)
        shown[side] = text if Fraction(text) < 10**18 else None
    found = minute(l2(START, *changes))
    assert (found.changes, found.ask, found.bid) == (len(counted), shown["ask"], shown["bid"])
    ask, bid = shown["ask"], shown["bid"]
    if ask is None or bid is None or not Fraction(ask) or not Fraction(bid):
        assert found.value is None
    else:
        assert found.value == half_up(Fraction(ask) / Fraction(bid), 12)
