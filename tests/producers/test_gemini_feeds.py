"""Each of Gemini's protocols over a real socket, through whatever an exchange can do to its readers."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from market.records import L2, FeedRecord, Gap
from pipeline.errors import WrongSettings
from tests.producers import streams_frames, v2_frames
from tests.producers.feed_run import FeedRun
from tests.producers.gemini_dialects import CLOCK, DIALECTS, Dialect, now_ms
from tests.producers.scripted_exchange import TEXT, Client, ScriptedExchange, header

# Real sockets and real time-outs: minutes of waiting.
pytestmark = pytest.mark.slow

Script = Callable[[Client], None]
MINUTE_MS = 60_000
YEAR_MS = 365 * 86_400_000
every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)
numbered = pytest.mark.parametrize("dialect", [each for each in DIALECTS if each.has_sequence], ids=str)


def whole(dialect: Dialect, updates: int = 3) -> Script:
    """A connection as it should be."""
    return sending(dialect, *range(1, updates + 1), then=lambda client: dialect.live(client, updates))


def sending(dialect: Dialect, *updates: int, then: Script = Client.stay) -> Script:
    """The first book, then these updates."""

    def script(client: Client) -> None:
        dialect.listen(client)
        client.send(dialect.book(now_ms()))
        for number in updates:
            client.send(dialect.update(number, now_ms()))
        then(client)

    return script


def raw(data: bytes) -> Script:
    """Bytes for the wire, then nothing."""

    def script(client: Client) -> None:
        client.send_raw(data)
        client.stay()

    return script


def text(payload: bytes) -> Script:
    """A frame, then nothing."""
    return raw(header(len(payload)) + payload)


def leave(client: Client) -> None:
    """The exchange closes."""


def is_whole(run: FeedRun) -> bool:
    return run.ticks >= 2


def bids(*remaining: int) -> list[tuple[str, str, str]]:
    return [("bid", "100.00", str(number)) for number in remaining]


def after_last_gap(run: FeedRun) -> list[FeedRecord]:
    place = max(place for place, record in enumerate(run.records) if isinstance(record, Gap))
    return run.records[place + 1 :]


@every_dialect
def test_feed_as_it_should_be_is_written_and_ticks(dialect: Dialect) -> None:
    def script(client: Client) -> None:
        dialect.listen(client)
        client.send(dialect.book(now_ms()))
        client.send(dialect.update(1, now_ms()))
        for payload in dialect.trade(2, now_ms()):
            client.send(payload)
        dialect.live(client, 2)

    with ScriptedExchange(script) as exchange, FeedRun(dialect.protocol, exchange.url, clock=CLOCK) as run:
        run.run_until(is_whole)
    assert run.gaps() == ["start"]
    assert (run.books, run.new_changes) == (1, bids(1, 2))
    (trade,) = run.new_trades
    assert (trade.symbol, trade.trade_id, trade.price, trade.maker_side) == (
        "BTCUSD",
        "2",
        "100.00" if str(dialect) == "v2" else "101.00",
        "bid" if str(dialect) == "v2" else "ask",
    )
    times = [record.event_time for record in run.records]
    assert times == sorted(times)


@numbered
@pytest.mark.parametrize("updates", [(1, 3), (1, 3, 2)], ids=["gap", "out of order"])
def test_number_that_does_not_follow_makes_the_book_anew_and_names_what_was_lost(
    dialect: Dialect, updates: tuple[int, ...]
) -> None:
    with (
        ScriptedExchange(sending(dialect, *updates), whole(dialect)) as exchange,
        FeedRun(dialect.protocol, exchange.url, clock=CLOCK) as run,
    ):
        run.run_until(is_whole)
    assert run.gaps() == ["start", "sequence_gap"]
    assert (run.books, run.new_changes) == (2, bids(1, 1, 2, 3))
    gap = next(record for record in run.records if isinstance(record, Gap) and record.reason == "sequence_gap")
    before = run.records[run.records.index(gap) - 1]
    assert (gap.from_, gap.to) == (before.event_time, gap.event_time)


@numbered
def test_repeated_frame_is_told_once(dialect: Dialect) -> None:
    script = sending(dialect, 1, 1, 2, then=lambda client: dialect.live(client, 2))
    with ScriptedExchange(script) as exchange, FeedRun(dialect.protocol, exchange.url, clock=CLOCK) as run:
        run.run_until(is_whole)
    assert run.gaps() == ["start"]
    assert run.new_changes == bids(1, 2)
    assert run.counted("repeated_frames") == 1


def test_streams_frame_that_begins_with_the_last_number_again_is_taken() -> None:
    streams = DIALECTS[0]

    def script(client: Client) -> None:
        sending(streams, 1, then=leave)(client)
        client.send(streams_frames.depth(101, 103, now_ms(), [("100.00", "3")]))
        streams.live(client, 3)

    with ScriptedExchange(script) as exchange, FeedRun(streams.protocol, exchange.url, clock=CLOCK) as run:
        run.run_until(is_whole)
    assert (run.gaps(), run.new_changes) == (["start"], bids(1, 3))


def test_streams_whose_numbers_begin_anew_are_not_taken_for_repetitions_for_long() -> None:
    streams = DIALECTS[0]

    def anew(client: Client) -> None:
        for number in range(1, 200):
            client.send(streams_frames.depth(number, number, now_ms(), [("100.00", "9")]))
            client.wait(0.1)

    with (
        ScriptedExchange(sending(streams, 1, then=anew), whole(streams)) as exchange,
        FeedRun(streams.protocol, exchange.url, clock=CLOCK) as run,
    ):
        run.run_until(lambda run: run.books == 2 and is_whole(run))
    assert run.gaps() == ["start", "repeated_frames"]
    assert run.new_changes == bids(1, 1, 2, 3)
    gap = [record for record in run.records if isinstance(record, Gap)][-1]
    last_told = [record for record in run.records if isinstance(record, L2)][1]
    assert gap.from_ == last_told.event_time


def test_v2_cannot_tell_a_lost_frame_from_none_nor_a_repeated_one_from_a_new_one() -> None:
    v2 = DIALECTS[2]
    script = sending(v2, 1, 3, 3, then=lambda client: v2.live(client, 3))
    with ScriptedExchange(script) as exchange, FeedRun(v2.protocol, exchange.url, clock=CLOCK) as run:
        run.run_until(is_whole)
    assert (run.gaps(), run.new_changes) == (["start"], bids(1, 3, 3))


def test_trades_of_v2_that_were_told_before_are_not_new_after_a_reconnect() -> None:
    v2 = DIALECTS[2]

    def first(client: Client) -> None:
        v2.listen(client)
        client.send(v2_frames.first_l2(v2_frames.past_trade(1)))
        client.send(v2_frames.trade(2, now_ms()))
        client.send(v2_frames.trade(2, now_ms()))

    def again(client: Client) -> None:
        v2.listen(client)
        client.send(v2_frames.first_l2(*(v2_frames.past_trade(number) for number in (1, 2, 3))))
        client.send(v2_frames.trade(3, now_ms()))
        client.send(v2_frames.trade(4, now_ms()))
        v2.live(client, 0)

    with ScriptedExchange(first, again) as exchange, FeedRun(v2.protocol, exchange.url, clock=CLOCK) as run:
        run.run_until(is_whole)
    assert [trade.trade_id for trade in run.new_trades] == ["2", "4"]
    assert run.counted("trades_of_history") == 4
    assert run.counted("repeated_trades") == 2


@every_dialect
def test_silent_connection_is_given_up(dialect: Dialect) -> None:
    with (
        ScriptedExchange(sending(dialect, 1), whole(dialect)) as exchange,
        FeedRun(dialect.protocol, exchange.url, clock=CLOCK, feed_silence_seconds=0.8) as run,
    ):
        run.run_until(lambda run: run.books == 2 and is_whole(run))
    assert run.gaps() == ["start", "silence"]
    assert run.new_changes == bids(1, 1, 2, 3)


@every_dialect
def test_subscription_that_is_never_answered_is_given_up(dialect: Dialect) -> None:
    def beating(client: Client) -> None:
        dialect.listen(client)
        dialect.live(client, -1)

    with (
        ScriptedExchange(beating, whole(dialect)) as exchange,
        FeedRun(dialect.protocol, exchange.url, clock=CLOCK, first_book_seconds=0.8) as run,
    ):
        run.run_until(is_whole)
    assert run.cut_reasons == ["no_first_book"]
    assert (run.gaps(), run.books) == (["start"], 1)


@every_dialect
@pytest.mark.parametrize("garbage", [b"not json", b"\xff\xfe", b"[]", b'{"a":' * 10_000], ids=lambda it: repr(it[:8]))
def test_garbage_is_put_aside_and_the_book_made_anew(dialect: Dialect, garbage: bytes) -> None:
    def then(client: Client) -> None:
        client.send(garbage)
        if dialect.has_sequence:
            client.send(dialect.update(3, now_ms()))
        client.stay()

    with (
        ScriptedExchange(sending(dialect, 1, then=then), whole(dialect)) as exchange,
        FeedRun(dialect.protocol, exchange.url, clock=CLOCK) as run,
    ):
        run.run_until(is_whole)
    assert run.gaps() == ["start", "sequence_gap" if str(dialect) == "v1" else "malformed_frame"]
    assert run.new_changes == bids(1, 1, 2, 3)
    (letter,) = run.dead
    assert (letter.exchange, letter.length) == ("gemini", len(garbage))


@every_dialect
def test_giant_frame_is_refused_by_its_header(dialect: Dialect) -> None:
    giant = sending(dialect, 1, then=raw(header(50_000_000)))
    with (
        ScriptedExchange(giant, whole(dialect)) as exchange,
        FeedRun(dialect.protocol, exchange.url, clock=CLOCK) as run,
    ):
        run.run_until(is_whole)
    assert run.gaps() == ["start", "too_large"]
    assert [letter.length for letter in run.dead] == [50_000_000]


@every_dialect
def test_close_at_each_stage_is_survived_and_no_ghost_of_the_old_book_stays(dialect: Dialect) -> None:
    def half_a_frame(client: Client) -> None:
        payload = dialect.update(2, now_ms())
        client.send_raw(header(len(payload)) + payload[:20])

    stages: tuple[Script, ...] = (
        leave,
        dialect.listen,
        sending(dialect, then=leave),
        sending(dialect, 1, then=leave),
        sending(dialect, 1, then=half_a_frame),
        whole(dialect),
    )
    with ScriptedExchange(*stages) as exchange, FeedRun(dialect.protocol, exchange.url, clock=CLOCK) as run:
        run.run_until(is_whole)
        assert exchange.connections == len(stages)
    assert run.gaps() == ["start", "disconnected", "disconnected", "disconnected"]
    assert run.new_changes == bids(1, 1, 1, 2, 3)
    first = after_last_gap(run)[0]
    assert isinstance(first, L2)
    assert [(change.side, change.price) for change in first.changes] == [("bid", "100.00"), ("ask", "101.00")]


@every_dialect
@pytest.mark.parametrize(
    "off_by",
    [-3 * MINUTE_MS, 3 * MINUTE_MS, 200 * YEAR_MS, -50 * YEAR_MS],
    ids=["behind", "ahead", "far ahead", "far behind"],
)
def test_exchange_whose_clock_is_wrong_does_not_move_time(dialect: Dialect, off_by: int) -> None:
    def script(client: Client) -> None:
        dialect.listen(client)
        client.send(dialect.book(now_ms()))
        client.send(dialect.update(1, now_ms()))
        for number in (2, 3):
            for payload in dialect.trade(number, now_ms() + off_by):
                client.send(payload)
        dialect.live(client, 3)

    began = now_ms()
    with ScriptedExchange(script) as exchange, FeedRun(dialect.protocol, exchange.url, clock=CLOCK) as run:
        run.run_until(lambda run: run.ticks >= 2 and len(run.new_trades) == 2)
    assert run.new_changes == bids(1, 2, 3)
    assert run.counted("times") >= 2
    times = [record.event_time for record in run.records]
    assert times == sorted(times)
    assert began - 2_000 <= times[0] <= times[-1] <= now_ms() + 2_000


def test_quiet_streams_are_kept_alive_by_pings() -> None:
    """Nothing comes but answers to pings, and only when one was sent."""
    streams = DIALECTS[0]
    pings: list[bytes] = []

    def script(client: Client) -> None:
        sending(streams, 1, then=leave)(client)
        while not client.stopping:
            opcode, message = client.read_frame()
            if opcode != TEXT:
                return
            pings.append(message)
            client.send(streams_frames.answer(len(pings) + 1))

    with (
        ScriptedExchange(script) as exchange,
        FeedRun(streams.protocol, exchange.url, clock=CLOCK, feed_silence_seconds=7) as run,
    ):
        run.run_until(lambda run: run.ticks >= 60)
    assert run.gaps() == ["start"]
    assert [json.loads(ping) for ping in pings[:2]] == [
        {"id": "2", "method": "ping"},
        {"id": "3", "method": "ping"},
    ]


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        (DIALECTS[0], streams_frames.refusal(401)),
        (DIALECTS[0], streams_frames.refusal(400, -1013)),
        (DIALECTS[2], b'{"result":"error","reason":"InvalidSymbol","message":"no such market"}'),
    ],
    ids=["streams-401", "streams-400", "v2"],
)
def test_answer_that_refuses_for_good_names_the_other_protocols(dialect: Dialect, answer: bytes) -> None:
    def script(client: Client) -> None:
        client.read_frame()
        client.send(answer)
        client.stay()

    others = {"streams", "v1", "v2"} - {str(dialect)}
    with (
        ScriptedExchange(script) as exchange,
        FeedRun(dialect.protocol, exchange.url, clock=CLOCK) as run,
        pytest.raises(WrongSettings) as refused,
    ):
        run.run_until(is_whole)
    assert f"refuses protocol {dialect} for BTCUSD" in str(refused.value)
    assert all(other in str(refused.value) for other in others)


def test_answer_that_refuses_for_now_is_asked_again() -> None:
    streams = DIALECTS[0]

    def busy(client: Client) -> None:
        client.read_frame()
        client.send(streams_frames.refusal(429, -1003))
        client.stay()

    with (
        ScriptedExchange(busy, busy, whole(streams)) as exchange,
        FeedRun(streams.protocol, exchange.url, clock=CLOCK) as run,
    ):
        run.run_until(is_whole)
        assert exchange.connections == 3
    assert run.cut_reasons == ["refused", "refused"]


def test_one_connection_carries_several_symbols_and_each_has_its_own_numbers() -> None:
    streams = DIALECTS[0]

    def script(client: Client) -> None:
        client.read_frame()
        for symbol, last in (("btcusd", 100), ("ethusd", 700)):
            client.send(streams_frames.first_depth(now_ms(), last, symbol))
        client.send(streams_frames.depth(701, 701, now_ms(), [("100.00", "7")], symbol="ethusd"))
        client.send(streams_frames.depth(101, 101, now_ms(), [("100.00", "1")], symbol="btcusd"))
        client.send(streams_frames.depth(5, 5, now_ms(), [("1.00", "1")], symbol="dogeusd"))
        streams.live(client, 1)

    with (
        ScriptedExchange(script) as exchange,
        FeedRun(
            streams.protocol, exchange.url, "BTCUSD", "ETHUSD", clock=CLOCK, feed_symbols_each=2, feed_trades=False
        ) as run,
    ):
        run.run_until(lambda run: run.ticks >= 4)
        assert exchange.connections == 1
    assert run.gaps() == ["start", "start"]
    assert [(record.symbol, record.sequence) for record in run.records if isinstance(record, L2)] == [
        ("BTCUSD", 100),
        ("ETHUSD", 700),
        ("ETHUSD", 701),
        ("BTCUSD", 101),
    ]
    assert run.counted("unasked_symbols") == 1
