"""What becomes of an order: refused, matched, filled in part, cancelled."""

from decimal import Decimal
from typing import Any

import pytest

from market.symbols import BTCUSD
from simulator.account import Account, Opening
from simulator.errors import Refusal
from simulator.ladder import Side
from simulator.market_model import Market
from simulator.trading import OrderRequest, check_funds, completed_order, fills_of, match, order_request
from tests.simulator.made_up import START, UNITS, market

SYMBOLS = {"BTCUSD": BTCUSD}
FEE = Decimal(40)
RIGHT: dict[str, Any] = {
    "symbol": "btcusd",
    "amount": "0.01",
    "price": "91000.00",
    "side": "buy",
    "type": "exchange limit",
    "options": ["immediate-or-cancel"],
    "client_order_id": "bot1-20260101-000000-b",
}


def request(side: str, amount: str, price: str) -> OrderRequest:
    return order_request(RIGHT | {"side": side, "amount": amount, "price": price}, SYMBOLS)


def account(btc: str, usd: str) -> Account:
    return Account([Opening(balances={"BTC": Decimal(btc), "USD": Decimal(usd)})])


def levels(book: Market, side: Side, count: int) -> list[tuple[Decimal, Decimal]]:
    ladder = book.asks if side == "ask" else book.bids
    return [(UNITS.price(price), UNITS.size(size)) for price, size in list(ladder.levels())[:count]]


def test_right_order_is_understood() -> None:
    assert order_request(RIGHT, SYMBOLS) == OrderRequest(
        BTCUSD, "buy", Decimal("0.01"), Decimal("91000.00"), "bot1-20260101-000000-b"
    )


def test_order_needs_no_client_id() -> None:
    assert order_request(RIGHT | {"client_order_id": None}, SYMBOLS).client_order_id is None


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("symbol", None, "MissingOrderField"),
        ("amount", None, "MissingOrderField"),
        ("symbol", "dogeusd", "InvalidSymbol"),
        ("symbol", 7, "InvalidSymbol"),
        ("amount", "0.000009", "InvalidQuantity"),
        ("amount", "0.010000001", "InvalidQuantity"),
        ("amount", Decimal("0.01"), "InvalidQuantity"),
        ("amount", "-1", "InvalidQuantity"),
        ("amount", "1e3", "InvalidQuantity"),
        ("price", "0", "InvalidPrice"),
        ("price", "7000.001", "InvalidPrice"),
        ("price", 7000, "InvalidPrice"),
        ("price", "NaN", "InvalidPrice"),
        ("side", "hold", "InvalidSide"),
        ("side", ["buy"], "InvalidSide"),
        ("type", "exchange market", "InvalidOrderType"),
        ("options", "immediate-or-cancel", "OptionsMustBeArray"),
        ("options", [], "UnsupportedOption"),
        ("options", None, "UnsupportedOption"),
        ("options", ["fill-or-kill"], "UnsupportedOption"),
        ("options", [["immediate-or-cancel"]], "UnsupportedOption"),
        ("options", ["immediate-or-cancel", "maker-or-cancel"], "ConflictingOptions"),
        ("client_order_id", 17, "ClientOrderIdMustBeString"),
        ("client_order_id", "a b", "ClientOrderIdMustBeString"),
        ("client_order_id", "a" * 37, "ClientOrderIdTooLong"),
    ],
)
def test_wrong_field_is_refused_with_its_reason(field: str, value: object, reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        order_request(RIGHT | {field: value}, SYMBOLS)
    assert (caught.value.status, caught.value.reason) == (400, reason)


def test_buy_needs_the_limit_value_and_the_fee_on_it() -> None:
    buy = request("buy", "1", "10000.00")
    check_funds(buy, account("0", "10040"), FEE)
    with pytest.raises(Refusal, match="insufficient funds") as caught:
        check_funds(buy, account("0", "10039.99999999"), FEE)
    assert (caught.value.status, caught.value.reason) == (406, "InsufficientFunds")


def test_sale_needs_what_it_sells() -> None:
    sale = request("sell", "1", "10000.00")
    check_funds(sale, account("1", "0"), FEE)
    with pytest.raises(Refusal, match="insufficient funds"):
        check_funds(sale, account("0.99999999", "1000000"), FEE)


@pytest.mark.parametrize(("side", "taken", "limit"), [("buy", "ask", "99999.00"), ("sell", "bid", "0.01")])
def test_order_walks_the_book_from_its_best_level(side: str, taken: Side, limit: str) -> None:
    book = market()
    before = levels(book, taken, 3)
    amount = before[0][1] + before[1][1] + before[2][1] / 2
    amount -= amount % BTCUSD.quantity_step
    fills = fills_of(match(request(side, f"{amount:f}", limit), book, START), UNITS, FEE)
    assert [fill.price for fill in fills] == [price for price, _ in before]
    assert [fill.amount for fill in fills[:2]] == [size for _, size in before[:2]]
    assert sum(fill.amount for fill in fills) == amount
    assert levels(book, taken, 1)[0] == (before[2][0], before[2][1] - fills[2].amount)


def test_fee_is_the_rate_of_each_fill_and_not_rounded() -> None:
    book = market()
    for fill in fills_of(match(request("buy", "3.00000001", "99999.00"), book, START), UNITS, FEE):
        assert fill.fee == fill.price * fill.amount * Decimal("0.004")


def test_limit_is_never_passed_and_the_rest_is_cancelled() -> None:
    book = market()
    (best, size), (second, _) = levels(book, "ask", 2)
    buy = request("buy", f"{size + 1:f}", f"{second - Decimal('0.01'):f}")
    fills = fills_of(match(buy, book, START), UNITS, FEE)
    order = completed_order(buy, order_id=1, fills=fills, nonce=Decimal(1), now_ms=START)
    assert [(fill.price, fill.amount) for fill in fills] == [(best, size)]
    assert (order.executed, order.remaining) == (size, Decimal(1))


def test_order_that_does_not_reach_the_book_fills_nothing() -> None:
    book = market()
    bid = levels(book, "bid", 1)[0][0]
    assert match(request("buy", "1", f"{bid:f}"), book, START) == []


def test_share_bounds_what_is_filled() -> None:
    book = market()
    fills = fills_of(match(request("buy", "0.00010001", "99999.00"), book, START, Decimal("0.5")), UNITS, FEE)
    assert [fill.amount for fill in fills] == [Decimal("0.00005")]


def test_whole_side_cannot_be_bought_up() -> None:
    book = market()
    match(request("buy", "999999", "9999999.00"), book, START)
    assert len(book.asks) == 1
