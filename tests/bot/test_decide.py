"""The decision about a minute: a table of situations, each with what the bot does and the word it says for why."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import Limits, Situation, decide, forecast_ds
from bot.exchange import Touch
from market.forecast import ForecastRow, ForecastTable, Side
from market.journal import OperatorState
from tests.bot.doubles import START, minute

LIMITS = Limits()
END = START + 60_000
NOW = END + 3_000
FRESH = Touch(Decimal("99.99"), Decimal("100.01"), NOW - 500)


def table(side: Side, ds: int = END + 60_000) -> ForecastTable:
    """A forecast of three minutes around `ds`; only the row of `ds` has that side."""
    other: Side = "sell" if side == "buy" else "buy"
    return ForecastTable(
        [
            ForecastRow(ds=ds - 60_000, side=other),
            ForecastRow(ds=ds, side=side),
            ForecastRow(ds=ds + 60_000, side=other),
        ]
    )


BUY = Situation(
    minute=minute(START, value="1.000000000000"),
    now_ms=NOW,
    newest=True,
    forecast=table("buy"),
    touch=FRESH,
    skew_ms=400,
    position=Decimal(0),
    minimum=Decimal("0.00001"),
)
HELD = replace(BUY, position=Decimal("0.5"))
SELL = replace(HELD, forecast=table("sell"))


def test_minute_ending_at_w_uses_the_forecast_row_of_w_plus_a_minute() -> None:
    verdict = decide(BUY, LIMITS)
    assert forecast_ds(BUY.minute) == END + 60_000
    assert verdict.row == ForecastRow(ds=END + 60_000, side="buy")


def test_wall_clock_does_not_choose_the_row() -> None:
    late = replace(BUY, now_ms=NOW + 50_000, touch=replace(FRESH, at_ms=NOW + 50_000))
    assert decide(late, LIMITS).row == decide(BUY, LIMITS).row


ACTIONS = [
    (BUY, "buy", "forecast_buy"),
    (SELL, "sell", "forecast_sell"),
    (HELD, "none", "already_held"),
    (replace(SELL, position=Decimal(0)), "none", "nothing_to_sell"),
    (replace(SELL, position=Decimal("0.00001")), "sell", "forecast_sell"),
    (replace(SELL, position=Decimal("0.0000099999")), "none", "nothing_to_sell"),
    (replace(BUY, position=Decimal("0.0000099999")), "buy", "forecast_buy"),
]


@pytest.mark.parametrize(("situation", "action", "reason"), ACTIONS, ids=[case[2] for case in ACTIONS])
def test_forecast_side_and_what_is_held_choose_the_action(situation: Situation, action: str, reason: str) -> None:
    verdict = decide(situation, LIMITS)
    assert (verdict.action, verdict.reason) == (action, reason)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0.100000000000", "ratio_out_of_range"),
        ("0.100000000001", "forecast_buy"),
        ("1.999999999999", "forecast_buy"),
        ("2.000000000000", "ratio_out_of_range"),
        ("0.000000000000", "ratio_out_of_range"),
        ("123456789.000000000000", "ratio_out_of_range"),
        (None, "no_ratio"),
    ],
)
def test_ratio_must_lie_between_the_bounds_which_are_excluded(value: str | None, reason: str) -> None:
    assert decide(replace(BUY, minute=minute(START, value=value)), LIMITS).reason == reason


def test_incomplete_minute_opens_no_position_however_good_its_ratio() -> None:
    assert decide(replace(BUY, minute=minute(START, complete=False)), LIMITS).reason == "incomplete_minute"


STALE_ENTRIES = [
    (replace(BUY, now_ms=END + 60_001, touch=replace(FRESH, at_ms=END + 60_001)), "stale_ratio"),
    (replace(BUY, now_ms=END - 10_001, touch=replace(FRESH, at_ms=END - 10_001)), "clock_in_doubt"),
    (replace(BUY, skew_ms=None), "clock_in_doubt"),
    (replace(BUY, skew_ms=10_001), "clock_in_doubt"),
    (replace(BUY, skew_ms=-10_001), "clock_in_doubt"),
    (replace(BUY, forecast=ForecastTable([ForecastRow(ds=END + 60_000 - 32 * 86_400_000, side="buy"),
                                          ForecastRow(ds=END + 60_000, side="buy")])), "stale_forecast"),
    (replace(BUY, touch=replace(FRESH, at_ms=NOW - 2_001)), "stale_price"),
    (replace(BUY, touch=replace(FRESH, at_ms=NOW + 2_001)), "stale_price"),
    (replace(BUY, touch="the exchange does not answer"), "no_price"),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "reason"), STALE_ENTRIES)
def test_stale_ratio_clock_forecast_or_price_opens_no_position(situation: Situation, reason: str) -> None:
    verdict = decide(situation, LIMITS)
    assert (verdict.action, verdict.reason) == ("none", reason)


AT_THE_LIMIT = [
    replace(BUY, now_ms=END + 60_000, touch=replace(FRESH, at_ms=END + 60_000)),
    replace(BUY, skew_ms=10_000),
    replace(BUY, touch=replace(FRESH, at_ms=NOW - 2_000)),
]


@pytest.mark.parametrize("situation", AT_THE_LIMIT)
def test_an_age_at_its_limit_is_still_fresh(situation: Situation) -> None:
    assert decide(situation, LIMITS).action == "buy"


NO_FORECAST = [
    (replace(BUY, forecast="there is no forecast at forecast.csv"), "no_forecast"),
    (replace(BUY, forecast=ForecastTable([ForecastRow(ds=END, side="buy")])), "no_forecast_row"),
    (replace(BUY, forecast=ForecastTable([ForecastRow(ds=END + 120_000, side="buy")])), "no_forecast_row"),
]


@pytest.mark.parametrize(("situation", "reason"), NO_FORECAST)
def test_without_a_row_for_the_minute_nothing_is_bought_or_sold(situation: Situation, reason: str) -> None:
    assert (decide(situation, LIMITS).action, decide(situation, LIMITS).reason) == ("none", reason)
    assert decide(replace(situation, position=Decimal(1)), LIMITS).action == "none"


def test_the_reason_tells_what_is_wrong_with_the_forecast() -> None:
    assert (
        decide(replace(BUY, forecast="line 7, column 2: yhat is 'x'"), LIMITS).detail == "line 7, column 2: yhat is 'x'"
    )


WAYS_OUT = [
    replace(SELL, minute=minute(START, complete=False)),
    replace(SELL, minute=minute(START, value=None)),
    replace(SELL, minute=minute(START, value="9.000000000000")),
    replace(SELL, now_ms=END + 999_000, touch=replace(FRESH, at_ms=END + 999_000)),
    replace(SELL, skew_ms=None),
    replace(SELL, state="reducing"),
]


@pytest.mark.parametrize("situation", WAYS_OUT)
def test_gates_guard_entries_and_a_way_out_needs_only_a_fresh_price(situation: Situation) -> None:
    assert decide(situation, LIMITS).action == "sell"


@pytest.mark.parametrize("touch", ["the exchange does not answer", replace(FRESH, at_ms=NOW - 2_001)])
def test_no_way_out_without_a_fresh_price(touch: Touch | str) -> None:
    assert decide(replace(SELL, touch=touch), LIMITS).action == "none"


@pytest.mark.parametrize("situation", [BUY, SELL])
def test_trouble_forbids_every_order_and_is_named(situation: Situation) -> None:
    verdict = decide(replace(situation, trouble="balances_differ"), LIMITS)
    assert (verdict.action, verdict.reason) == ("none", "trouble")
    assert "balances_differ" in verdict.detail


@pytest.mark.parametrize(
    ("state", "buy", "sell"),
    [
        ("active", "forecast_buy", "forecast_sell"),
        ("paused", "paused", "paused"),
        ("reducing", "reducing", "forecast_sell"),
        ("flattening", "flattening", "flattening"),
    ],
)
def test_what_an_operator_allows(state: OperatorState, buy: str, sell: str) -> None:
    assert decide(replace(BUY, state=state), LIMITS).reason == buy
    assert decide(replace(SELL, state=state), LIMITS).reason == sell


@pytest.mark.parametrize(("now", "reason"), [(END + 60_000, "superseded"), (END + 60_001, "stale_ratio")])
@pytest.mark.parametrize("situation", [BUY, SELL])
def test_a_minute_that_is_not_the_newest_is_never_traded(situation: Situation, now: int, reason: str) -> None:
    verdict = decide(replace(situation, newest=False, now_ms=now), LIMITS)
    assert (verdict.action, verdict.reason) == ("none", reason)


@given(
    value=st.none() | st.decimals("0", "5", places=12).map(str),
    complete=st.booleans(),
    age=st.integers(-100_000, 200_000),
    price_age=st.integers(-5_000, 5_000),
    skew=st.none() | st.integers(-20_000, 20_000),
    side=st.sampled_from(["buy", "sell"]),
    position=st.decimals("0", "1", places=10),
    newest=st.booleans(),
    state=st.sampled_from(["active", "paused", "reducing", "flattening"]),
    trouble=st.none() | st.just("order_unsettled"),
)
def test_a_buy_is_only_ever_decided_when_every_condition_holds(
    value: str | None,
    complete: bool,
    age: int,
    price_age: int,
    skew: int | None,
    side: Side,
    position: Decimal,
    newest: bool,
    state: OperatorState,
    trouble: str | None,
) -> None:
    situation = replace(
        BUY,
        minute=minute(START, value=value, complete=complete),
        now_ms=END + age,
        touch=replace(FRESH, at_ms=END + age - price_age),
        skew_ms=skew,
        forecast=table(side),
        position=position,
        newest=newest,
        state=state,
        trouble=trouble,
    )
    everything = (
        side == "buy" and position < BUY.minimum and newest and state == "active" and trouble is None and complete
        and value is not None and Decimal("0.1") < Decimal(value) < 2
        and -10_000 <= age <= 60_000 and abs(price_age) <= 2_000 and skew is not None and abs(skew) <= 10_000
    )  # fmt: skip
    assert (decide(situation, LIMITS).action == "buy") == everything
