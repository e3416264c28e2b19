"""The simulated exchange's REST over a real socket."""

from collections.abc import Iterator
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from pipeline.errors import WrongSettings
from pipeline.settings import load
from simulator.settings import SimulatorSettings
from tests.simulator.running_exchange import RunningExchange, running_exchange
from tests.simulator.trading_client import KEYS, TradingClient


@pytest.fixture
def exchange() -> Iterator[RunningExchange]:
    """One market in which little happens, so that the book that was seen is the book that is met."""
    with running_exchange(simulator_rate=0.1, **KEYS) as running:
        yield running


@pytest.fixture
def client(exchange: RunningExchange) -> TradingClient:
    return TradingClient(exchange)


def far_beyond(client: TradingClient) -> str:
    """A limit that buys from any level."""
    return f"{Decimal(client.touch()[1]) * 2:.2f}"


def test_symbol_and_its_steps_are_told(client: TradingClient) -> None:
    assert client.send("GET", "/v1/symbols").body == ["btcusd"]
    details = client.send("GET", "/v1/symbols/details/btcusd").body
    assert (details["tick_size"], details["quote_increment"], details["min_order_size"]) == (1e-8, 0.01, "0.00001")
    assert (details["symbol"], details["status"]) == ("BTCUSD", "open")


def test_book_is_best_first_and_as_deep_as_asked(client: TradingClient) -> None:
    book = client.send("GET", "/v1/book/btcusd?limit_bids=3&limit_asks=0").body
    bids, asks = ([Decimal(level["price"]) for level in book[side]] for side in ("bids", "asks"))
    assert len(bids) == 3
    assert len(asks) > 100
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert {len(side) for side in client.send("GET", "/v1/book/BTCUSD").body.values()} == {50}


def test_order_is_filled_from_the_book_and_told_to_everybody(exchange: RunningExchange, client: TradingClient) -> None:
    with exchange.follow("bids=true&offers=true&trades=true") as reader:
        reader.frame()
        answer = client.order("buy", "0.001", far_beyond(client), client_order_id="mine")
        (trade,) = client.ask("/v1/mytrades").body
        frames = reader.frames_until(lambda frame: trade["tid"] in [event.get("tid") for event in frame["events"]])
    assert (answer.status, answer.body["executed_amount"], answer.body["is_cancelled"]) == (200, "0.001", False)
    told = frames[-1]["events"][0]
    assert (told["price"], told["amount"]) == (trade["price"], trade["amount"])
    assert (told["makerSide"], trade["type"], trade["client_order_id"]) == ("ask", "Buy", "mine")


def test_balances_follow_from_the_trades_to_the_last_digit(client: TradingClient) -> None:
    client.order("buy", "2.00000001", far_beyond(client))
    client.order("sell", "5", "0.01")
    btc, usd = Decimal(1000), Decimal(100_000)
    for trade in client.ask("/v1/mytrades", symbol="btcusd", limit_trades=500).body:
        sign = 1 if trade["type"] == "Buy" else -1
        price, amount = Decimal(trade["price"]), Decimal(trade["amount"])
        assert Decimal(trade["fee_amount"]) == price * amount * Decimal("0.004")
        btc += sign * amount
        usd -= sign * price * amount + Decimal(trade["fee_amount"])
    assert {name: Decimal(amount) for name, amount in client.balances().items()} == {"BTC": btc, "USD": usd}
    assert btc == Decimal("997.00000001")


def test_order_beside_the_book_is_cancelled_with_200(client: TradingClient) -> None:
    answer = client.order("buy", "0.01", client.touch()[0])
    assert answer.status == 200
    assert (answer.body["executed_amount"], answer.body["remaining_amount"]) == ("0", "0.01")
    assert (answer.body["is_cancelled"], answer.body["reason"]) == (True, "ImmediateOrCancelWouldPost")


def test_partial_fault_fills_the_next_order_by_half(exchange: RunningExchange, client: TradingClient) -> None:
    exchange.cause("partial")
    limit = far_beyond(client)
    assert client.order("buy", "1000", limit).status == 406
    executed = [client.order("buy", "0.01", limit).body["executed_amount"] for _ in range(2)]
    assert executed == ["0.005", "0.01"]


def test_order_is_looked_up_by_either_id(client: TradingClient) -> None:
    placed = client.order("buy", "0.01", far_beyond(client), client_order_id="mine").body
    by_id = client.ask("/v1/order/status", order_id=int(placed["order_id"])).body
    assert by_id == placed
    (by_client_id,) = client.ask("/v1/order/status", client_order_id="mine", include_trades=True).body
    assert sum(Decimal(trade["amount"]) for trade in by_client_id.pop("trades")) == Decimal("0.01")
    assert by_client_id == placed


def test_repeated_client_id_is_accepted_and_finds_both_orders(client: TradingClient) -> None:
    limit = far_beyond(client)
    first, second = (client.order("buy", "0.01", limit, client_order_id="mine").body["order_id"] for _ in range(2))
    found = client.ask("/v1/order/status", client_order_id="mine").body
    assert [order["order_id"] for order in found] == [second, first]


@pytest.mark.parametrize("by", [{"client_order_id": "never-sent"}, {"order_id": 5}])
def test_unknown_order_is_not_found(client: TradingClient, by: dict[str, object]) -> None:
    answer = client.ask("/v1/order/status", **by)
    assert (answer.status, answer.body["reason"]) == (404, "OrderNotFound")


@pytest.mark.parametrize("by", [{}, {"client_order_id": "a", "order_id": 5}, {"order_id": "five"}, {"order_id": 1.5}])
def test_look_up_by_none_or_both_or_no_number_is_refused(client: TradingClient, by: dict[str, object]) -> None:
    assert client.ask("/v1/order/status", **by).status == 400


def test_cancelling_what_is_done_changes_nothing(client: TradingClient) -> None:
    placed = client.order("buy", "0.01", far_beyond(client)).body
    assert client.ask("/v1/order/cancel", order_id=int(placed["order_id"])).body == placed
    assert client.ask("/v1/order/cancel", order_id=5).status == 404
    assert client.ask("/v1/orders").body == []


def test_trades_are_newest_first_and_bounded_by_count_and_time(client: TradingClient) -> None:
    limit = far_beyond(client)
    orders = [client.order("buy", "0.001", limit).body for _ in range(3)]
    trades = client.ask("/v1/mytrades", limit_trades=2).body
    assert [trade["order_id"] for trade in trades] == [orders[2]["order_id"], orders[1]["order_id"]]
    later = int(orders[2]["timestamp"]) + 3600
    assert client.ask("/v1/mytrades", timestamp=later).body == []


def test_too_large_an_order_is_refused_with_406_and_leaves_no_trace(client: TradingClient) -> None:
    answer = client.order("buy", "1000", "1000.00", client_order_id="large")
    assert (answer.status, answer.body["result"], answer.body["reason"]) == (406, "error", "InsufficientFunds")
    assert client.ask("/v1/order/status", client_order_id="large").status == 404
    assert client.balances() == {"BTC": "1000", "USD": "100000"}


def test_wrong_secret_old_nonce_and_wrong_path_are_refused(exchange: RunningExchange, client: TradingClient) -> None:
    stranger = TradingClient(exchange, secret="another").ask("/v1/balances")
    assert (stranger.status, stranger.body["reason"]) == (400, "InvalidSignature")
    assert client.ask("/v1/balances", nonce=17).body["reason"] == "InvalidNonce"
    assert client.ask("/v1/balances", request="/v1/order/new").body["reason"] == "EndpointMismatch"
    unsigned = client.send("POST", "/v1/balances", {"Content-Length": "0"})
    assert (unsigned.status, unsigned.body["reason"]) == (400, "MissingApikeyHeader")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/balances", 404),
        ("GET", "/v1/pubticker/dogeusd", 400),
        ("GET", "/v1/symbols/details/dogeusd", 400),
        ("GET", "/v1/book/btcusd?limit_bids=many", 400),
    ],
)
def test_what_is_not_there_is_refused_in_json(client: TradingClient, method: str, path: str, status: int) -> None:
    answer = client.send(method, path)
    assert (answer.status, answer.body["result"]) == (status, "error")


def test_lost_answer_leaves_an_order_that_can_be_looked_up(exchange: RunningExchange, client: TradingClient) -> None:
    limit = far_beyond(client)
    exchange.cause("rest-lost-answer")
    with pytest.raises(ConnectionError):
        client.order("buy", "0.01", limit, client_order_id="lost")
    (found,) = client.ask("/v1/order/status", client_order_id="lost").body
    assert found["executed_amount"] == "0.01"
    assert client.order("buy", "0.01", limit).status == 200


@pytest.mark.parametrize(("fault", "kind"), [("rest-html", "text/html"), ("rest-503", "application/json")])
def test_order_while_the_exchange_is_out_of_order_is_not_carried_out(
    fault: str, kind: str, exchange: RunningExchange, client: TradingClient
) -> None:
    limit = far_beyond(client)
    exchange.cause(fault, seconds=3600)
    answer = client.order("buy", "0.01", limit)
    assert (answer.status, answer.kind) == (503, kind)
    assert client.send("GET", "/simulator/orders").body["orders"] == []


def test_refused_connections_are_cut(exchange: RunningExchange, client: TradingClient) -> None:
    exchange.cause("rest-refuse")
    with pytest.raises(ConnectionError):
        client.send("GET", "/v1/symbols")


def test_slow_answer_comes_when_the_fault_is_over() -> None:
    with running_exchange(speed=20, **KEYS) as exchange:
        client = TradingClient(exchange)
        asked_ms = exchange.clock.wall_ms()
        exchange.cause("rest-slow", seconds=20)
        assert client.ask("/v1/heartbeat").body == {"result": "ok"}
        assert exchange.clock.wall_ms() >= asked_ms + 20_000


def test_date_of_an_answer_is_that_of_the_simulators_clock() -> None:
    with running_exchange(speed=1000, simulator_rate=0.01, **KEYS) as exchange:
        exchange.await_clock(exchange.clock.wall_ms() + 600_000)
        before_ms = exchange.clock.wall_ms()
        told = parsedate_to_datetime(TradingClient(exchange).send("GET", "/v1/symbols").date)
        assert before_ms - 1000 <= told.timestamp() * 1000 <= exchange.clock.wall_ms()


def test_account_outlives_a_restart_and_a_request_from_before_it_is_not_taken_again(tmp_path: Path) -> None:
    with running_exchange(state_dir=tmp_path, **KEYS) as exchange:
        client = TradingClient(exchange)
        placed = client.order("sell", "0.01", "0.01", client_order_id="mine").body
        nonce, held = client.last_nonce, client.balances()
    with running_exchange(state_dir=tmp_path, **KEYS) as exchange:
        client = TradingClient(exchange)
        assert client.order("sell", "0.01", "0.01", nonce=nonce).body["reason"] == "InvalidNonce"
        assert client.balances() == held
        assert client.ask("/v1/order/status", client_order_id="mine").body == [placed]
        orders = client.send("GET", "/simulator/orders").body["orders"]
        assert [order["order_id"] for order in orders] == [placed["order_id"]]


def test_made_key_opens_the_account(tmp_path: Path) -> None:
    with running_exchange(state_dir=tmp_path) as exchange:
        name, secret = ((tmp_path / "exchange" / file).read_text().strip() for file in ("api-key", "api-secret"))
        assert TradingClient(exchange, name, secret).balances() == {"BTC": "1000", "USD": "100000"}


def test_key_without_secret_is_a_wrong_setting() -> None:
    with pytest.raises(WrongSettings, match="SIMULATOR_API_SECRET") as caught:
        load(SimulatorSettings, {"SIMULATOR_API_KEY": "account-visible"})
    assert "account-visible" not in str(caught.value)


def test_recording_that_is_played_cannot_be_traded(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.write_text('0 {"type":"update","eventId":1,"socket_sequence":0,"events":[]}\n')
    with running_exchange(simulator_play=str(frames), **KEYS) as exchange:
        answer = TradingClient(exchange).order("buy", "0.01", "1.00")
    assert (answer.status, answer.body["reason"]) == (400, "MarketNotOpen")
