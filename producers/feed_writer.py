"""From one symbol's news to its records: event time, ticks before it, the gap that ends with it, changes, trades."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from market.records import Change, Gap
from pipeline.metrics import Metrics
from producers.arrivals import FrameArrived
from producers.event_time import EventTime
from producers.exchange_clock import Reading
from producers.feed_outcome import Outcome
from producers.feed_records import Provenance, add_l2_records, gap_record, trade_record
from producers.protocol import BookNews, News
from producers.symbol_feed import Doubt, SymbolFeed
from producers.tally import Tally


class FeedWriter:
    """Writes what is certain: whoever calls it has checked that nothing before it is missing, or that it is a book."""

    def __init__(
        self, exchange: str, symbols: Collection[SymbolFeed], time: EventTime, tally: Tally, metrics: Metrics
    ) -> None:
        self.lag_ms: int | None = None
        self._tally = tally
        self._exchange = exchange
        self._symbols = symbols
        self._time = time
        self._metrics = metrics

    def write(self, symbol: SymbolFeed, news: News, kind: BookNews, frame: FrameArrived, out: Outcome) -> None:
        """All records of the news. `kind` is what its levels are taken for."""
        time, at = self._time, frame.at
        moment, stands_in = news.exchange_time, None
        if moment is None or not time.fits(moment, at):
            reading = time.read(moment, at, is_untimed=kind == "snapshot")
            moment, stands_in = reading.time, reading.stands_in
            if reading.restarted:
                self.restart(reading, frame, out)
        if symbol.next_tick is None:
            time.start_ticks(moment)
        if moment >= time.due:
            time.write_ticks(moment, at, out, (symbol,) if stands_in is None else ())
        event_time = time.raised(moment)
        late = moment < event_time
        self.lag_ms = at.wall_ms - event_time
        source = Provenance(
            self._exchange,
            symbol.symbol,
            event_time,
            at.wall_ms,
            frame.connection,
            news.sequence,
            late,
            news.exchange_time if late and stands_in is None else None,
            stands_in,
        )
        if symbol.doubt is not None:
            out.records.append(self._gap(symbol.doubt, source))
            symbol.recover(event_time)
            time.start_ticks(event_time)
        symbol.prove_until(event_time, news.last_id)
        if kind:
            symbol.book_until = event_time
            add_l2_records(_taken(symbol, news, kind), source, out.records)
        if news.trades:
            if news.is_history or kind == "snapshot":
                self.remember(symbol, news)
            else:
                self._write_trades(symbol, news, source, out)
        tally = self._tally
        if news.ignored:
            tally.ignored_events += news.ignored
        if late:
            tally.late_frames += 1
        if stands_in is None:
            tally.delays.append(at.wall_ms - moment)

    def restart(self, reading: Reading, frame: FrameArrived, out: Outcome) -> None:
        """The exchange's clock began anew: which minutes the last records belong to is in doubt."""
        event_time = self._time.raised(reading.time)
        self._time.restart()
        for symbol in self._symbols:
            if symbol.is_trusted:
                source = Provenance(
                    exchange=self._exchange,
                    symbol=symbol.symbol,
                    event_time=event_time,
                    received_time=frame.at.wall_ms,
                    connection=symbol.connection,
                )
                out.records.append(self._gap(Doubt("clock_restarted", symbol.proven_until), source))

    def _gap(self, doubt: Doubt, source: Provenance) -> Gap:
        self._metrics.count("gaps", reason=doubt.reason, symbol=source.symbol)
        return gap_record(doubt.since, doubt.reason, source)

    def remember(self, symbol: SymbolFeed, news: News) -> None:
        """Trades from before the subscription are no news: they are only known again when they are repeated."""
        symbol.new_trades(news.trades)
        self._metrics.count("trades_of_history", len(news.trades), symbol=symbol.symbol)

    def _write_trades(self, symbol: SymbolFeed, news: News, source: Provenance, out: Outcome) -> None:
        new = symbol.new_trades(news.trades)
        if len(new) < len(news.trades):
            self._metrics.count("repeated_trades", len(news.trades) - len(new), symbol=symbol.symbol)
        for trade in new:
            out.records.append(trade_record(trade, source))


def _taken(symbol: SymbolFeed, news: News, kind: BookNews) -> Sequence[Change]:
    """What changed, taken into the symbol's book."""
    changes = news.changes
    if kind == "changes":
        symbol.take_changes(changes, news.last_id)
        return changes
    if news.last_id is not None:
        symbol.last_id = news.last_id
    if kind == "whole":
        return symbol.take_whole(news.bids, news.asks)
    symbol.awaits_first = False
    changes = _initial(changes)
    symbol.book.replace(changes)
    return changes


def _initial(changes: Sequence[Change]) -> Sequence[Change]:
    """The changes of a first book, marked as such."""
    if all(change.reason == "initial" for change in changes):
        return changes
    return [
        Change(
            side=change.side,
            price=change.price,
            remaining=change.remaining,
            delta=change.delta,
            reason="initial",
            time=change.time,
        )
        for change in changes
    ]
