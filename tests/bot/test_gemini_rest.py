"""The REST client against a scripted server on loopback: requests as Gemini wants them, answers classified."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from bot.errors import BotError, Refused, TryLater, Unclear, WrongKeys
from bot.exchange import Holding, Order
from bot.gemini_rest import GeminiRest
from market.symbols import BTCUSD
from tests.bot.doubles import START, HandClock
from tests.bot.scripted_rest import Reply, ScriptedRest

KEY, SECRET = "account-KeyThatNobodyMaySee", "test-secret-0001"
ORDER = Order("bot1-btcusd-20260101T0000-b", "BTCUSD", "buy", Decimal("0.01"), Decimal("91000.00"))
HTML = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"


@contextmanager
def client(*replies: Reply, answer_seconds: float = 30.0) -> Iterator[tuple[GeminiRest, ScriptedRest]]:
    with (
        ScriptedRest(*replies) as server,
        GeminiRest(server.url, KEY, SECRET, "BTCUSD", HandClock(), answer_seconds=answer_seconds) as rest,
    ):
        yield rest, server


def error_reply(status: int, reason: str, message: str = "") -> Reply:
    return Reply({"result": "error", "reason": reason, "message": message or reason}, status)


def order_reply(**changes: Any) -> dict[str, Any]:
    order = {
        "order_id": "73700000000000286",
        "id": "73700000000000286",
        "symbol": "btcusd",
        "exchange": "gemini",
        "avg_execution_price": "90999.50",
        "side": "buy",
        "type": "exchange limit",
        "timestamp": "1767225600",
        "timestampms": 1767225600321,
        "is_live": False,
        "is_cancelled": False,
        "is_hidden": False,
        "was_forced": False,
        "executed_amount": "0.01",
        "client_order_id": ORDER.client_order_id,
        "options": ["immediate-or-cancel"],
        "price": "91000.00",
        "original_amount": "0.01",
        "remaining_amount": "0",
    }
    return order | changes


TRADE = {
    "price": "90999.50",
    "amount": "0.01",
    "timestamp": 1767225600,
    "timestampms": 1767225600321,
    "type": "Buy",
    "aggressor": True,
    "fee_currency": "USD",
    "fee_amount": "3.63998",
    "tid": 9007199254740993,
    "order_id": "73700000000000286",
    "exchange": "gemini",
    "is_clearing_fill": False,
}


# ---- what is sent


def test_order_is_an_empty_post_whose_signed_header_holds_everything() -> None:
    with client(Reply(order_reply())) as (rest, server):
        rest.send(ORDER)
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/order/new", b"")
    assert asked.headers["content-type"] == "text/plain"
    assert asked.headers["content-length"] == "0"
    assert asked.headers["cache-control"] == "no-cache"
    assert asked.headers["x-gemini-apikey"] == KEY
    signature = hmac.new(SECRET.encode(), asked.headers["x-gemini-payload"].encode(), hashlib.sha384).hexdigest()
    assert asked.headers["x-gemini-signature"] == signature
    assert asked.payload == {
        "request": "/v1/order/new",
        "nonce": START / 1000,
        "client_order_id": ORDER.client_order_id,
        "symbol": "btcusd",
        "amount": "0.01",
        "price": "91000.00",
        "side": "buy",
        "type": "exchange limit",
        "options": ["immediate-or-cancel"],
    }


def test_amount_of_one_step_is_sent_without_an_exponent() -> None:
    with client(Reply(order_reply())) as (rest, server):
        rest.send(Order("id", "BTCUSD", "sell", Decimal("1E-8"), Decimal("1E+5")))
    assert (server.asked[0].payload["amount"], server.asked[0].payload["price"]) == ("0.00000001", "100000")


def test_nonces_rise_from_request_to_request() -> None:
    with client(Reply([])) as (rest, server):
        for _ in range(3):
            rest.holdings()
    nonces = [asked.payload["nonce"] for asked in server.asked]
    assert nonces == [1767225600.0, 1767225600.000001, 1767225600.000002]


# ---- what comes back


def test_answer_is_read_with_amounts_as_decimals_and_a_long_id_as_text() -> None:
    with client(Reply(order_reply(order_id=9007199254740993))) as (rest, _):
        report = rest.send(ORDER)
    assert report.order_id == "9007199254740993"
    assert (report.executed, report.average_price) == (Decimal("0.01"), Decimal("90999.50"))
    assert report.is_the_same_as(ORDER)
    assert report.trades is None


def test_partly_filled_order_without_remaining_amount_is_not_read_as_full() -> None:
    reply = order_reply(is_cancelled=True, executed_amount="0.004", reason="ImmediateOrCancelWouldPost")
    del reply["remaining_amount"]
    with client(Reply(reply)) as (rest, _):
        report = rest.send(ORDER)
    assert (report.executed, report.amount, report.cancelled) == (Decimal("0.004"), Decimal("0.01"), True)
    assert report.reason == "ImmediateOrCancelWouldPost"


@pytest.mark.parametrize("shape", [lambda order: order, lambda order: [order]])
def test_status_comes_as_an_object_or_an_array_with_trades_and_fees(shape: Callable[[Any], Any]) -> None:
    with client(Reply(shape(order_reply(trades=[TRADE])))) as (rest, server):
        (report,) = rest.find(ORDER.client_order_id)
    assert server.asked[0].payload["client_order_id"] == ORDER.client_order_id
    assert server.asked[0].payload["include_trades"] is True
    assert report.trades is not None
    (trade,) = report.trades
    assert (trade.trade_id, trade.fee, trade.fee_currency) == ("9007199254740993", Decimal("3.63998"), "USD")
    assert trade.time_ms == 1767225600321


@pytest.mark.parametrize("reply", [error_reply(404, "OrderNotFound"), Reply("", 404), Reply([])])
def test_unknown_order_is_not_found(reply: Reply) -> None:
    with client(reply) as (rest, _):
        assert rest.find("unknown") == ()


def test_missing_page_is_not_taken_for_an_unknown_order() -> None:
    with client(Reply("<html>Not Found</html>", 404)) as (rest, _), pytest.raises(TryLater):
        rest.find("unknown")


def test_balances_with_odd_currencies_and_negative_dust_are_read() -> None:
    rows = [
        {"type": "exchange", "currency": "BTC", "amount": "1.25", "available": "1.00", "availableForWithdrawal": "1"},
        {"type": "exchange", "currency": "USD", "amount": "-0.000000000000001", "available": "0"},
        {"type": "exchange", "currency": "GEMI-FED-26", "amount": "3", "available": "3"},
    ]
    with client(Reply(rows)) as (rest, _):
        held = rest.holdings()
    assert held["BTC"] == Holding(Decimal("1.25"), Decimal("1.00"))
    assert held["USD"].amount == Decimal("-1e-15")


def test_symbol_details_name_the_amount_step_tick_size() -> None:
    details = """{"symbol":"BTCUSD","base_currency":"BTC","quote_currency":"USD","tick_size":1e-8,
        "quote_increment":0.01,"min_order_size":"0.00001","status":"open","product_type":"spot"}"""
    with client(Reply(details)) as (rest, server):
        assert rest.steps() == BTCUSD
    assert server.asked[0].path == "/v1/symbols/details/btcusd"


@pytest.mark.parametrize("status", ["closed", "cancel_only", "post_only"])
def test_symbol_that_is_not_open_is_waited_for(status: str) -> None:
    details = {"symbol": "BTCUSD", "status": status, "product_type": "spot"}
    with client(Reply(details)) as (rest, _), pytest.raises(TryLater, match=f"BTCUSD is {status}"):
        rest.steps()


def test_touch_is_the_top_of_the_book_as_of_when_it_was_asked_for() -> None:
    book = {
        "bids": [{"price": "90999.10", "amount": "0.5", "timestamp": "1"}],
        "asks": [{"price": "91000.25", "amount": "0.3", "timestamp": "1"}],
    }
    with client(Reply(book)) as (rest, server):
        touch = rest.touch()
    assert (touch.bid, touch.ask, touch.at_ms) == (Decimal("90999.10"), Decimal("91000.25"), START)
    assert server.asked[0].path == "/v1/book/btcusd?limit_bids=1&limit_asks=1"


def test_book_with_an_empty_side_has_no_touch() -> None:
    with client(Reply({"bids": [], "asks": []})) as (rest, _), pytest.raises(TryLater, match="side"):
        rest.touch()


def test_ticker_has_the_last_trade() -> None:
    with client(Reply({"bid": "1.10", "ask": "1.20", "last": "1.15", "volume": {"BTC": "5"}})) as (rest, _):
        ticker = rest.ticker()
    assert (ticker.bid, ticker.ask, ticker.last) == (Decimal("1.10"), Decimal("1.20"), Decimal("1.15"))


def test_clock_skew_comes_from_the_date_header_and_is_forgotten_without_one() -> None:
    dated = {"Date": "Thu, 01 Jan 2026 00:00:20 GMT"}
    with client(Reply([], headers=dated), Reply([])) as (rest, _):
        assert rest.skew_ms() is None
        rest.holdings()
        assert rest.skew_ms() == 20_500
        rest.holdings()
        assert rest.skew_ms() is None


# ---- outcomes of an order

ORDER_OUTCOMES: list[tuple[Reply, type[BotError | WrongKeys]]] = [
    (error_reply(406, "InsufficientFunds"), Refused),
    (error_reply(400, "InvalidPrice"), Refused),
    (error_reply(400, "MarketNotOpen"), Refused),
    (error_reply(400, "ReasonThatNobodyKnows"), Refused),
    (error_reply(400, "InvalidNonce"), Refused),
    (error_reply(400, "InvalidSignature"), WrongKeys),
    (error_reply(403, "MissingRole"), WrongKeys),
    (Reply({"error": "MissingRole", "message": "needs Trader"}, 403), WrongKeys),
    (Reply("", 302, {"Location": "https://elsewhere.invalid/"}), WrongKeys),
    (error_reply(429, "RateLimit"), Unclear),
    (error_reply(500, "System"), Unclear),
    (Reply(HTML, 502), Unclear),
    (Reply(HTML, 503), Unclear),
    (Reply(HTML, 403), Unclear),
    (Reply(HTML, 200), Unclear),
    (Reply("", 404), Unclear),
    (Reply("", 200), Unclear),
    (Reply([], 200), Unclear),
    (Reply(order_reply(executed_amount="NaN")), Unclear),
    (Reply(order_reply(is_live="no")), Unclear),
    (Reply(drops=True), Unclear),
]


@pytest.mark.parametrize(("reply", "error"), ORDER_OUTCOMES)
def test_only_a_clear_refusal_is_one_and_all_else_about_an_order_is_unclear(
    reply: Reply, error: type[Exception]
) -> None:
    with client(reply) as (rest, server), pytest.raises(error):
        rest.send(ORDER)
    assert len(server.asked) == 1


def test_order_that_is_answered_too_late_is_unclear() -> None:
    with client(Reply(holds=True), answer_seconds=0.3) as (rest, server), pytest.raises(Unclear, match="Timeout"):
        rest.send(ORDER)
    assert len(server.asked) == 1


def test_order_to_nobody_is_unclear() -> None:
    with ScriptedRest(Reply()) as server:
        url = server.url
    with GeminiRest(url, KEY, SECRET, "BTCUSD", HandClock()) as rest, pytest.raises(Unclear):
        rest.send(ORDER)


# ---- outcomes of a question

QUESTION_OUTCOMES: list[tuple[Reply, type[BotError | WrongKeys]]] = [
    (Reply(HTML, 503), TryLater),
    (Reply(HTML, 200), TryLater),
    (Reply("", 500), TryLater),
    (error_reply(429, "RateLimit"), TryLater),
    (error_reply(400, "InvalidNonce"), TryLater),
    (Reply({"not": "a list"}), TryLater),
    (Reply([{"currency": "BTC"}]), TryLater),
    (Reply("\ufeff[]"), TryLater),
    (Reply(drops=True), TryLater),
    (error_reply(400, "InvalidSignature"), WrongKeys),
    (error_reply(400, "MissingAccounts"), WrongKeys),
    (error_reply(400, "SomethingElse"), TryLater),
]


@pytest.mark.parametrize("ask", [GeminiRest.touch, GeminiRest.ticker, GeminiRest.steps])
def test_question_of_the_market_that_is_refused_for_now_is_asked_later(ask: Callable[[GeminiRest], object]) -> None:
    with client(error_reply(400, "MarketNotOpen")) as (rest, _), pytest.raises(TryLater, match="MarketNotOpen"):
        ask(rest)


@pytest.mark.parametrize(("reply", "error"), QUESTION_OUTCOMES)
def test_question_without_a_usable_answer_is_asked_later(reply: Reply, error: type[Exception]) -> None:
    with client(reply) as (rest, _), pytest.raises(error):
        rest.holdings()


def test_pause_that_the_exchange_asks_for_is_passed_on() -> None:
    with client(Reply("", 429, {"Retry-After": "7"})) as (rest, _), pytest.raises(TryLater) as caught:
        rest.holdings()
    assert caught.value.after == 7


def test_answer_without_end_is_given_up() -> None:
    with client(Reply("[" + " " * (5 << 20) + "]")) as (rest, _), pytest.raises(TryLater, match="too long"):
        rest.holdings()


# ---- keys

ROLES = Reply({"isAuditor": False, "isFundManager": False, "isTrader": True})


def test_keys_of_a_trader_pass() -> None:
    with client(ROLES, Reply([])) as (rest, server):
        rest.check_keys()
    assert [asked.path for asked in server.asked] == ["/v1/roles", "/v1/balances"]


def test_exchange_without_roles_is_asked_for_balances_alone() -> None:
    with client(Reply("", 404), Reply([])) as (rest, server):
        rest.check_keys()
    assert len(server.asked) == 2


WRONG_KEYS = [
    (Reply({"isAuditor": True, "isTrader": False}), "may not trade"),
    (error_reply(400, "InvalidSignature"), "InvalidSignature"),
    (error_reply(400, "InvalidApiKey", f"key {KEY} unknown"), "does not accept the keys"),
    (error_reply(403, "RemoteAddressForbidden"), "RemoteAddressForbidden"),
    (Reply("", 301), "address is wrong"),
]


@pytest.mark.parametrize("wrong", ["\ufeff{}", "{}\u200b", "{}\nmore", "{} more", "{}\x7f"])
def test_key_or_secret_with_a_character_that_none_has_is_refused_and_not_shown(wrong: str) -> None:
    for key, secret in ((wrong.format(KEY), SECRET), (KEY, wrong.format(SECRET))):
        with pytest.raises(WrongKeys, match="holds a character that none has") as caught:
            GeminiRest("http://127.0.0.1:9", key, secret, "BTCUSD", HandClock())
        assert KEY not in str(caught.value)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("reply", "said"), WRONG_KEYS)
def test_wrong_keys_are_refused_with_the_reason(reply: Reply, said: str) -> None:
    with client(reply) as (rest, _), pytest.raises(WrongKeys, match=said):
        rest.check_keys()


def test_master_key_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(WrongKeys, match="master"):
        GeminiRest("http://127.0.0.1:1", "master-Secret", SECRET, "BTCUSD", HandClock())


EVERYTHING = [reply for reply, _ in [*ORDER_OUTCOMES, *QUESTION_OUTCOMES, *WRONG_KEYS]]


@pytest.mark.parametrize("reply", EVERYTHING)
def test_keys_are_in_no_error_and_no_repr(reply: Reply) -> None:
    with client(reply) as (rest, server):
        for ask in (lambda: rest.send(ORDER), rest.holdings, rest.check_keys):
            try:
                ask()
            except (BotError, WrongKeys) as error:
                chain: BaseException | None = error
                while chain is not None:
                    assert KEY not in f"{chain} {chain!r}"
                    assert SECRET not in f"{chain} {chain!r}"
                    chain = chain.__cause__ or chain.__context__
        assert KEY not in repr(rest) + repr(vars(rest)["_client"])
    assert server.asked
