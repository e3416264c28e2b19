"""What a trading run's four books say about the same orders: exchange, journal, ledger by hand, Elasticsearch."""

import json
import urllib.request
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from bot.__main__ import parser
from bot.backtest_command import run_backtest
from bot.settings import BotSettings
from local.elasticsearch_accounts import READER, password_file
from local.forecast_kept import table_file
from pipeline.settings import load
from pipeline.topics import BOT_EVENTS, FORECASTS, GEMINI_FEED, SPARK_OUT
from tests.system.pipeline_run import Json, PipelineRun

OPENING = {"BTC": Decimal(1_000), "USD": Decimal(100_000)}
INDEX_OF = {
    "decision": "crypto-decisions",
    "order_intent": "crypto-intents",
    "order": "crypto-orders",
    "fill": "crypto-fills",
    "balance": "crypto-balances",
    "ticker": "crypto-tickers",
    "score": "crypto-scores",
    "state": "crypto-states",
}
FILLED = ("filled", "partly_filled")


@dataclass(frozen=True)
class Traded:
    """How many orders have traded, by side, and how many of all only in part."""

    buys: int
    sells: int
    in_part: int

    @classmethod
    def of(cls, journal: Iterable[Json]) -> "Traded":
        """Counted from the journal's orders."""
        orders = [record for record in journal if record["type"] == "order" and record["status"] in FILLED]
        sides = Counter(order["side"] for order in orders)
        return cls(sides["buy"], sides["sell"], sum(order["status"] == "partly_filled" for order in orders))

    def is_enough(self) -> bool:
        """At least two of each side, one of all in part."""
        return self.buys >= 2 and self.sells >= 2 and self.in_part >= 1


class TradingRun:
    """Reads a running system's books."""

    def __init__(self, run: PipelineRun) -> None:
        self.run = run
        settings = run.settings
        password = password_file(settings.run_dir / "elasticsearch", READER).read_text(encoding="utf-8")
        self._elasticsearch = Elasticsearch(
            f"http://127.0.0.1:{settings.elasticsearch_port}", basic_auth=(READER, password), request_timeout=60
        )

    def close(self) -> None:
        """Ends the connection to Elasticsearch."""
        self._elasticsearch.close()

    def journal(self) -> list[Json]:
        """The bot's journal."""
        return self.run.values(BOT_EVENTS)

    def exchange(self) -> Json:
        """The simulator's orders with their trades, and its balances."""
        url = f"http://127.0.0.1:{self.run.settings.simulator_port}/simulator/orders"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return dict(json.load(answer))

    def document_ids(self, index: str) -> set[str]:
        """The id of every document of an index."""
        query = {"query": {"match_all": {}}, "_source": False}
        return {hit["_id"] for hit in scan(self._elasticsearch, index=index, query=query, ignore_unavailable=True)}


def assert_books_agree(journal: list[Json], exchange: Json) -> None:
    """Orders, fills and balances are the same at the exchange, in the journal, and counted by hand."""
    at_exchange = {order["client_order_id"]: order for order in exchange["orders"]}
    assert len(at_exchange) == len(exchange["orders"]), "an order twice"
    journaled = {r["client_order_id"]: r for r in journal if r["type"] == "order"}
    placed = {id for id, order in journaled.items() if order["status"] not in ("refused", "not_placed")}
    assert placed == at_exchange.keys()
    for id in placed:
        assert Decimal(journaled[id]["executed"]) == Decimal(at_exchange[id]["executed_amount"])
    intents = {record["client_order_id"] for record in journal if record["type"] == "order_intent"}
    assert intents == journaled.keys(), "an intent is open"

    fills = {record["trade_id"]: record for record in journal if record["type"] == "fill"}
    trades = {str(trade["tid"]): trade for order in exchange["orders"] for trade in order["trades"]}
    assert fills.keys() == trades.keys()
    for id, fill in fills.items():
        assert Decimal(fill["price"]) == Decimal(trades[id]["price"])
        assert Decimal(fill["amount"]) == Decimal(trades[id]["amount"])
        assert Decimal(fill["fee"]) == Decimal(trades[id]["fee_amount"])
    balances = {balance["currency"]: Decimal(balance["amount"]) for balance in exchange["balances"]}
    assert balances == counted_balances(fills.values())


def assert_backtest_sees_the_same_minutes(trading: TradingRun, journal: Iterable[Json], folder: Path) -> None:
    """A backtest over the feed that the run has written looks at the same ratios and rows of the forecast."""
    run = trading.run
    feed, told = folder / "feed.jsonl", folder / "backtest.jsonl"
    feed.write_text("".join(json.dumps(record) + "\n" for record in run.values(GEMINI_FEED)), encoding="utf-8")
    settings = load(BotSettings, {"BOT_FORECAST": str(table_file(run.settings.run_dir))})
    arguments = parser().parse_args(["backtest", str(feed), "--journal", str(told)])
    run_backtest(arguments, settings)
    tested = seen(map(json.loads, told.read_text(encoding="utf-8").splitlines()))
    decided = seen(journal)
    assert decided
    assert {window: tested.get(window) for window in decided} == decided


def seen(journal: Iterable[Json]) -> dict[int, tuple[str | None, bool, str | None]]:
    """What was known of each minute when it was decided about."""
    return {
        record["window_start"]: (record["ratio"], record["complete"], record["forecast_side"])
        for record in journal
        if record["type"] == "decision"
    }


def counted_balances(fills: Iterable[Json]) -> dict[str, Decimal]:
    """What the account should hold after these fills, counted by hand."""
    base, quote = OPENING["BTC"], OPENING["USD"]
    for fill in fills:
        amount, notional, fee = Decimal(fill["amount"]), Decimal(fill["amount"]) * Decimal(fill["price"]), fill["fee"]
        assert fill["fee_currency"] == "USD"
        sign = 1 if fill["side"] == "buy" else -1
        base += sign * amount
        quote -= sign * notional + Decimal(fee)
    return {"BTC": base, "USD": quote}


def await_documents(trading: TradingRun, journal: list[Json], deadline_seconds: float) -> None:
    """Waits until Elasticsearch holds every journal record, minute and trade so far; fails for any that is too many."""
    run = trading.run
    minutes = {f"{m['exchange']}|{m['symbol']}|{m['window_start']}" for m in run.values(SPARK_OUT)}
    trades = {f"{t['exchange']}|{t['symbol']}|{t['trade_id']}" for t in run.values(GEMINI_FEED) if t["type"] == "trade"}
    forecasts = {record["id"] for record in run.values(FORECASTS) if record["type"] == "forecast"}
    wanted = {index: {r["id"] for r in journal if r["type"] == type} for type, index in INDEX_OF.items()}
    wanted |= {"crypto-liquidity": minutes, "crypto-trades": trades, "crypto-forecasts": forecasts}

    def missing() -> dict[str, int]:
        lacking = {index: len(ids - trading.document_ids(index)) for index, ids in wanted.items()}
        return {index: count for index, count in lacking.items() if count}

    run.await_true(lambda: not missing(), deadline_seconds, "every document in Elasticsearch", parts_up=False)
    for type, index in INDEX_OF.items():
        assert trading.document_ids(index) == {r["id"] for r in journal if r["type"] == type}, index
    # The parts go on meanwhile: what is indexed is looked at first, then the feed, which holds at least that.
    indexed = trading.document_ids("crypto-trades")
    known = {f"{t['exchange']}|{t['symbol']}|{t['trade_id']}" for t in run.values(GEMINI_FEED) if t["type"] == "trade"}
    assert indexed <= known
