"""Where orders are carried out: one account, kept on disk, at all markets of the exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from market.symbols import SymbolSteps, steps_of
from pipeline.clock import Clock
from simulator.account import OPENING_BALANCES, Account, CompletedOrder, Opening
from simulator.account_journal import AccountJournal
from simulator.errors import Refusal
from simulator.market_feed import MarketFeed
from simulator.market_model import Market
from simulator.signatures import Payload
from simulator.trading import check_funds, completed_order, fills_of, match, order_request, symbol_steps


class TradingDesk:
    """Carries out one order at a time: nothing else happens between its match and its record."""

    def __init__(
        self, feed: MarketFeed, journal: AccountJournal, symbols: Iterable[str], clock: Clock, fee_bps: Decimal
    ) -> None:
        """Opens the account when its journal is empty. Raises AccountUnwritable."""
        self.symbols: Mapping[str, SymbolSteps] = {symbol: steps_of(symbol) for symbol in symbols}
        self._feed = feed
        self._journal = journal
        self._clock = clock
        self._fee_bps = fee_bps
        self.account = Account(journal.records)
        if not journal.records:
            opening = Opening(balances=dict(OPENING_BALANCES))
            journal.append(opening)
            self.account.apply(opening)

    def market(self, symbol: str) -> Market:
        """A symbol's market as it is now; raises Refusal when nobody trades there: it plays a recording."""
        market = self._feed.market(symbol, self._clock.wall_ms())
        if market is None:
            raise Refusal(400, "MarketNotOpen", f"{symbol} plays a recording, in which nothing can be traded")
        return market

    def steps(self, symbol: object) -> SymbolSteps:
        """The steps of a symbol; raises Refusal."""
        return symbol_steps(symbol, self.symbols)

    def place(self, payload: Payload, share: Callable[[], Decimal]) -> CompletedOrder:
        """Carries out an order, at most the `share` of it that is asked for when nothing else stands in its way.

        Raises Refusal or AccountUnwritable; then there is no order.
        """
        request = order_request(payload, self.symbols)
        market = self.market(request.steps.symbol)
        check_funds(request, self.account, self._fee_bps)
        now_ms = self._clock.wall_ms()
        events = match(request, market, now_ms, share())
        # Told even if the account cannot be written: then somebody has traded, but not this account.
        self._feed.publish(request.steps.symbol, events)
        order = completed_order(
            request,
            order_id=self.account.next_order_id(),
            fills=fills_of(events, market.units, self._fee_bps),
            nonce=Decimal(payload["nonce"]),
            now_ms=now_ms,
        )
        self._journal.append(order)
        self.account.apply(order)
        return order
