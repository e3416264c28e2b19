"""The ledger: exact to the last digit, and the same as a naive recount with fractions."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import LedgerError
from bot.ledger import Baseline, Ledger, Trade, buy_and_hold, equity, profit
from market.fees import fee_of
from market.journal import Side

MINIMUM = Decimal("0.00001")


def trade(side: Side, price: str, amount: str, time_ms: int = 1) -> Trade:
    return Trade(side, Decimal(price), Decimal(amount), fee_of(Decimal(price), Decimal(amount), Decimal(40)), time_ms)


def after(*trades: Trade) -> Ledger:
    ledger = Ledger()
    for each in trades:
        ledger = ledger.after(each)
    return ledger


def test_a_buy_costs_price_and_fee() -> None:
    ledger = after(trade("buy", "100", "0.5"))
    assert (ledger.position, ledger.cash, ledger.cost_with_fees) == (Decimal("0.5"), Decimal("-50.2"), Decimal("50.2"))
    assert ledger.average_cost == Decimal("100.4")
    assert ledger.finished(MINIMUM) is None


def test_a_round_that_gains_less_than_its_fees_is_a_loss() -> None:
    done = after(trade("buy", "100", "1", 5), trade("sell", "100.5", "1", 9)).finished(MINIMUM)
    assert done is not None
    assert (done.gross, done.fees, done.net) == (Decimal("0.5"), Decimal("0.802"), Decimal("-0.302"))
    assert done.net_percent == Decimal("-0.300796812749")
    assert (done.opened_ms, done.closed_ms) == (5, 9)


def test_exit_in_parts_is_one_round_scored_when_nothing_is_held() -> None:
    part = after(trade("buy", "100", "1"), trade("sell", "110", "0.4"))
    assert part.finished(MINIMUM) is None
    done = part.after(trade("sell", "120", "0.6")).finished(MINIMUM)
    assert done is not None
    assert (done.sold, done.proceeds, done.cost, done.gross) == (Decimal(1), Decimal(116), Decimal(100), Decimal(16))


def test_dust_keeps_its_cost_and_goes_with_the_next_exit() -> None:
    first = after(trade("buy", "100", "1"), trade("sell", "100", "0.999995"))
    assert first.finished(MINIMUM) is not None
    kept = first.scored()
    assert kept.position == Decimal("0.000005")
    assert kept.cost == Decimal("0.0005")
    assert kept.finished(MINIMUM) is None
    done = kept.after(trade("buy", "200", "1")).after(trade("sell", "200", "1.000005")).finished(MINIMUM)
    assert done is not None
    assert done.cost == Decimal("200.0005")


def test_buying_less_than_a_least_order_is_no_round() -> None:
    assert after(trade("buy", "100", "0.000009")).finished(MINIMUM) is None


def test_more_than_was_bought_is_never_sold_from_the_baseline() -> None:
    with pytest.raises(LedgerError, match="had bought only 1"):
        after(trade("buy", "100", "1"), trade("sell", "100", "1.00000001"))


def test_a_sum_that_needs_many_digits_is_not_rounded() -> None:
    ledger = after(trade("buy", "9999999999.99999999", "999999999.9999999999"))
    value = Fraction("9999999999.99999999") * Fraction("999999999.9999999999")
    assert Fraction(ledger.cash) == -value * Fraction(251, 250)


def test_written_off_position_takes_its_cost_along_and_leaves_what_the_fills_changed() -> None:
    ledger = after(trade("buy", "100", "1")).without(Decimal("0.25"))
    assert (ledger.position, ledger.cost, ledger.base_change) == (Decimal("0.75"), Decimal(75), Decimal(1))


def test_baseline_and_fills_together_are_what_the_account_must_show() -> None:
    ledger = after(trade("buy", "100", "1"))
    opening = Baseline(Decimal(1000), Decimal(100_000))
    assert opening.expected(ledger) == Baseline(Decimal(1001), Decimal("99899.6"))
    assert opening.expected(ledger).beneath(ledger) == opening


def test_equity_is_opening_quote_and_cash_changes_and_position_at_the_bid() -> None:
    ledger = after(trade("buy", "100", "1"))
    assert profit(ledger, Decimal(99)) == Decimal("-1.4")
    assert equity(Decimal(1000), ledger, Decimal(99)) == Decimal("998.6")


def test_buy_and_hold_pays_the_first_ask_and_one_fee() -> None:
    assert buy_and_hold(Decimal(1004), Decimal(100), Decimal(40), Decimal(110)) == Decimal("1100")


PRICES = st.decimals("0.01", "999999", places=2)
SIZES = st.decimals("0.0000000001", "10", places=10)


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), PRICES, SIZES, st.booleans()), max_size=30))
def test_ledger_equals_a_naive_recount(moves: list[tuple[Side, Decimal, Decimal, bool]]) -> None:
    ledger, base, cash, fees, scored = Ledger(), Fraction(0), Fraction(0), Fraction(0), Fraction(0)
    for side, price, size, everything in moves:
        amount = min(size, ledger.position) if side == "sell" else size
        amount = ledger.position if side == "sell" and everything else amount
        if not amount:
            continue
        fee = fee_of(price, amount, Decimal(40))
        ledger = ledger.after(Trade(side, price, amount, fee, 1))
        sign = 1 if side == "buy" else -1
        base += sign * Fraction(amount)
        cash -= sign * Fraction(price) * Fraction(amount) + Fraction(fee)
        fees += Fraction(fee)
        done = ledger.finished(MINIMUM)
        if done is not None:
            scored += Fraction(done.net)
            ledger = ledger.scored()
    assert (Fraction(ledger.position), Fraction(ledger.cash), Fraction(ledger.fees_paid)) == (base, cash, fees)
    # Every cent is in a score, in the open round, or in the cost of what is held: nothing is lost to rounding.
    assert scored + Fraction(ledger.round.net) - Fraction(ledger.cost_with_fees) == cash
    assert ledger.position >= 0
    assert ledger.cost >= 0


@given(PRICES, SIZES, st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_selling_in_any_parts_leaves_no_cost_behind(price: Decimal, size: Decimal, tenths: list[int]) -> None:
    ledger = after(Trade("buy", price, size, Decimal(0), 1))
    for tenth in tenths:
        part = (ledger.position * tenth / 10).quantize(Decimal("1e-10"))
        ledger = ledger.after(Trade("sell", price, part, Decimal(0), 1))
    ledger = ledger.after(Trade("sell", price, ledger.position, Decimal(0), 1))
    assert [ledger.position, ledger.cost, ledger.cash, ledger.round.gross] == [0] * 4
