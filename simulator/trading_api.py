"""Gemini's REST at the simulated exchange: public data, signed orders and questions, and what goes wrong on purpose."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from email.utils import formatdate
from itertools import islice

from aiohttp import hdrs, web

from pipeline.clock import Clock
from pipeline.log import get_log
from simulator.account import CompletedOrder
from simulator.candles import candles_answer
from simulator.errors import AccountUnwritable, Refusal
from simulator.price_process import PriceProcess
from simulator.rest_answers import (
    balance_answers,
    book_answer,
    details_answer,
    digits,
    error_answer,
    order_answer,
    ticker_answer,
    trade_answers,
)
from simulator.scenes import Schedule
from simulator.signatures import Gatekeeper, Payload
from simulator.trading import client_order_id
from simulator.trading_desk import TradingDesk

WHOLE, HALF = Decimal(1), Decimal("0.5")
USUAL_LEVELS = 50
USUAL_TRADES = 50
MOST_TRADES = 500
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_PAGE = "<html><head><title>503</title></head><body><h1>This page is from the simulator</h1></body></html>"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PrivateAnswer = Callable[[Payload], object]


class TradingApi:
    """Answers over REST for one account."""

    def __init__(
        self,
        desk: TradingDesk,
        gatekeeper: Gatekeeper,
        schedule: Schedule,
        clock: Clock,
        prices: Mapping[str, PriceProcess],
    ) -> None:
        """`prices` are those of the symbols whose market is simulated."""
        self._prices = prices
        self._desk = desk
        self._gatekeeper = gatekeeper
        self._schedule = schedule
        self._clock = clock
        self._log = get_log("simulator")

    def routes(self) -> list[web.RouteDef]:
        """Where it is found. The last one takes all of /v1 that is not found elsewhere."""
        private: dict[str, PrivateAnswer] = {
            "/v1/order/new": self._new_order,
            "/v1/order/status": self._order_status,
            "/v1/order/cancel": self._cancel,
            "/v1/orders": lambda _: [],
            "/v1/balances": lambda _: balance_answers(self._desk.account.balances()),
            "/v1/mytrades": self._trades,
            "/v1/roles": lambda _: {"isAuditor": False, "isFundManager": False, "isTrader": True},
            "/v1/heartbeat": lambda _: {"result": "ok"},
        }
        return [
            web.get("/v1/symbols", self._public(lambda _: [name.lower() for name in self._desk.symbols])),
            web.get("/v1/symbols/details/{symbol}", self._public(self._details)),
            web.get("/v1/book/{symbol}", self._public(self._book)),
            web.get("/v1/pubticker/{symbol}", self._public(self._ticker)),
            web.get("/v2/candles/{symbol}/{frame}", self._public(self._candles)),
            *(web.post(path, self._private(answer)) for path, answer in private.items()),
            web.get("/simulator/orders", self._all_orders),
            web.route("*", "/v1/{rest:.*}", _not_found),
        ]

    # ---- what is asked

    def _details(self, request: web.Request) -> object:
        return details_answer(self._desk.steps(request.match_info["symbol"]))

    def _book(self, request: web.Request) -> object:
        market = self._desk.market(self._desk.steps(request.match_info["symbol"]).symbol)
        most_bids, most_asks = (
            _whole_number(request.query.get(name, USUAL_LEVELS), name) for name in ("limit_bids", "limit_asks")
        )
        return book_answer(market, most_bids, most_asks)

    def _ticker(self, request: web.Request) -> object:
        steps = self._desk.steps(request.match_info["symbol"])
        return ticker_answer(self._desk.market(steps.symbol), steps)

    def _candles(self, request: web.Request) -> object:
        symbol = self._desk.steps(request.match_info["symbol"]).symbol
        if symbol not in self._prices:
            raise Refusal(400, "InvalidSymbol", f"{symbol} plays a recording, of which there are no candles")
        return candles_answer(self._prices[symbol], request.match_info["frame"], self._clock.wall_ms())

    def _new_order(self, payload: Payload) -> object:
        order = self._desk.place(payload, self._share)
        self._log.info("order done", order_id=str(order.order_id), side=order.side, executed=digits(order.executed))
        return order_answer(order)

    def _share(self) -> Decimal:
        return HALF if self._schedule.take_one("partial", self._clock.wall_ms()) else WHOLE

    def _order_status(self, payload: Payload) -> object:
        """By the client's id there may be several."""
        with_trades = payload.get("include_trades") is True
        asked = client_order_id(payload.get("client_order_id"))
        if (asked is None) == (payload.get("order_id") is None):
            raise Refusal(400, "MissingOrderField", "expected either 'order_id' or 'client_order_id'")
        if asked is None:
            return order_answer(self._order(payload), with_trades=with_trades)
        orders = self._desk.account.orders_of(asked)
        if not orders:
            raise _order_not_found(asked)
        return [order_answer(order, with_trades=with_trades) for order in orders]

    def _cancel(self, payload: Payload) -> object:
        """Nothing rests, so there is nothing left to cancel: the order as it is."""
        return order_answer(self._order(payload))

    def _trades(self, payload: Payload) -> object:
        since_ms = _whole_number(payload.get("timestamp", 0), "timestamp") * 1000
        most = _whole_number(payload.get("limit_trades", USUAL_TRADES), "limit_trades")
        wanted = None if payload.get("symbol") is None else self._desk.steps(payload["symbol"]).symbol
        orders = (order for order in self._desk.account.orders() if wanted in (None, order.symbol))
        trades = (trade for trade in trade_answers(orders) if trade["timestampms"] >= since_ms)
        return list(islice(trades, min(most, MOST_TRADES)))

    def _order(self, payload: Payload) -> CompletedOrder:
        order_id = _whole_number(payload.get("order_id"), "order_id")
        order = self._desk.account.order(order_id)
        if order is None:
            raise _order_not_found(str(order_id))
        return order

    async def _all_orders(self, _: web.Request) -> web.Response:
        account = self._desk.account
        orders = [order_answer(order, with_trades=True) for order in account.orders()]
        return web.json_response({"orders": orders, "balances": balance_answers(account.balances())})

    # ---- how it is answered

    def _public(self, answer: Callable[[web.Request], object]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._answered(request, lambda: answer(request))

        return handle

    def _private(self, answer: PrivateAnswer) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            def understood() -> object:
                return answer(self._gatekeeper.payload(request.path, request.headers, self._clock.wall_ms()))

            return await self._answered(request, understood)

        return handle

    async def _answered(self, request: web.Request, answer: Callable[[], object]) -> web.StreamResponse:
        now_ms = self._clock.wall_ms()
        if self._schedule.is_on("rest-refuse", now_ms):
            return _cut(request)
        if self._schedule.is_on("rest-503", now_ms):
            return web.json_response(error_answer("Maintenance", "The system is under maintenance"), status=503)
        if self._schedule.is_on("rest-html", now_ms):
            return web.Response(text=_PAGE, content_type="text/html", status=503)
        response = self._response(answer)
        is_done_order = request.path == "/v1/order/new" and response.status == 200
        if is_done_order and self._schedule.take_one("rest-lost-answer", now_ms):
            return _cut(request)
        await asyncio.sleep(self._clock.real_seconds(self._schedule.left_ms("rest-slow", now_ms)))
        return response

    def _response(self, answer: Callable[[], object]) -> web.Response:
        try:
            return web.json_response(answer())
        except Refusal as refusal:
            self._log.info("refused", reason=refusal.reason)
            return web.json_response(error_answer(refusal.reason, refusal.message), status=refusal.status)
        except AccountUnwritable as error:
            self._log.error("no order can be kept", why=str(error))
            return web.json_response(error_answer("System", "We are experiencing technical issues"), status=500)


def clock_date(clock: Clock) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Sets the `Date` of every answer by this clock: clients judge by it how far theirs is off."""

    async def set_date(_: web.Request, response: web.StreamResponse) -> None:
        response.headers[hdrs.DATE] = formatdate(clock.wall_ms() // 1000, usegmt=True)

    return set_date


def _cut(request: web.Request) -> web.Response:
    """Ends the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _not_found(request: web.Request) -> web.Response:
    return web.json_response(error_answer("EndpointNotFound", f"there is no {request.path}"), status=404)


def _order_not_found(order_id: str) -> Refusal:
    return Refusal(404, "OrderNotFound", f"Order {order_id} not found")


def _whole_number(value: object, name: str) -> int:
    """A whole number, as JSON's or as a text of digits; raises Refusal."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not _DIGITS.fullmatch(str(value)):
        raise Refusal(400, "InvalidJson", f"{name}: expected a whole number")
    return int(value)
