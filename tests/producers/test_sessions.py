"""Each protocol over a real socket through the real connection code: normal, and with every fault that it may meet."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.producers.binance_made_up import in_stream
from tests.producers.coinbase_made_up import advanced
from tests.producers.live_feed import LiveFeed, impatient
from tests.producers.replay_server import (
    Frame,
    Script,
    close,
    plays,
    repeated,
    send_giant,
    swapped,
    with_garbage,
    without,
)
from tests.producers.rest_server import Answer, RestServer
from tests.producers.scripted_exchange import Client, ScriptedExchange
from tests.producers.sessions import ASK_101, ASK_102, BID_99, BID_100, SESSIONS, TRADE_ID, Session

# Real sockets and real time-outs: minutes of waiting.
pytestmark = pytest.mark.slow

END = {BID_100: "1.5", BID_99: "3", ASK_101: "2", ASK_102: "4"}
EVERY = pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS)
# Those whose protocol tells of a lost update, or needs none of them.
WITH_NUMBERS = {name: session for name, session in SESSIONS.items() if session.on_loss != "unnoticed"}


@contextmanager
def live(
    session: Session, *scripts: Script, ahead_ms: int = 0, rest: tuple[Answer, ...] | None = None, **settings: Any
) -> Iterator[tuple[LiveFeed, ScriptedExchange]]:
    """The feed of the session's protocol on an exchange that plays one script after the other."""
    answers = session.rest if rest is None else rest
    with contextlib.ExitStack() as stack:
        if answers:
            settings["feed_rest_url"] = stack.enter_context(RestServer(*answers)).url
        exchange = stack.enter_context(ScriptedExchange(*scripts))
        protocol = impatient(session.protocol)
        yield (
            stack.enter_context(LiveFeed(protocol, exchange.url, [session.symbol], ahead_ms=ahead_ms, **settings)),
            exchange,
        )


def played(session: Session, frames: list[Frame] | None = None, then: Script | None = None) -> Script:
    sent = session.frames if frames is None else frames
    return plays(sent, greetings=session.greetings, then=then or session.stay)


def ends_well(feed: LiveFeed) -> bool:
    """Whether the book stands as after the whole session, and the trade came."""
    return feed.book() == END and feed.trades() == [TRADE_ID]


def connections_after_loss(session: Session) -> int:
    return 2 if session.on_loss == "reconnect" else 1


@EVERY
def test_book_and_trades_arrive_and_nothing_is_in_doubt(session: Session) -> None:
    with live(session, played(session)) as (feed, exchange):
        feed.until(lambda: ends_well(feed))
    assert feed.gaps() == ["start"]
    assert feed.dead == []
    assert exchange.connections == 1
    assert {record.symbol for record in feed.records} == {session.symbol}


@pytest.mark.parametrize("session", WITH_NUMBERS.values(), ids=WITH_NUMBERS)
def test_lost_update_is_noticed_and_made_good(session: Session) -> None:
    lossy = without(session.frames, session.first_update + 1)
    with live(session, played(session, lossy), played(session)) as (feed, exchange):
        feed.until(lambda: ends_well(feed))
    assert feed.gaps() == (["start"] if session.on_loss == "mended" else ["start", "sequence_gap"])
    assert exchange.connections == connections_after_loss(session)


@EVERY
def test_repeated_update_changes_nothing(session: Session) -> None:
    twice = repeated(session.frames, session.first_update + 1)
    with live(session, played(session, twice)) as (feed, exchange):
        feed.until(lambda: ends_well(feed))
    assert feed.gaps() == ["start"]
    assert exchange.connections == 1


@EVERY
def test_updates_out_of_order_never_leave_a_wrong_book(session: Session) -> None:
    mixed = swapped(session.frames, session.first_update + 1)
    with live(session, played(session, mixed), played(session)) as (feed, exchange):
        feed.until(lambda: ends_well(feed))
    noticed = session.on_loss in ("reconnect", "rest")
    assert feed.gaps() == (["start", "sequence_gap"] if noticed else ["start"])
    assert exchange.connections == connections_after_loss(session)


@EVERY
def test_connection_that_falls_silent_is_made_anew(session: Session) -> None:
    begun = plays(session.frames[: session.first_update + 1], greetings=session.greetings)
    with live(session, begun, played(session), feed_silence_seconds=0.6) as (feed, exchange):
        feed.until(lambda: ends_well(feed))
    assert feed.gaps() == ["start", "silence"]
    assert exchange.connections == 2


@EVERY
def test_subscription_that_is_never_answered_is_given_up(session: Session) -> None:
    with live(session, Client.stay, played(session), feed_silence_seconds=0.6) as (feed, exchange):
        feed.until(lambda: ends_well(feed))
    # A book by REST comes all the same.
    assert feed.gaps() == (["start", "silence"] if session.rest else ["start"])
    assert exchange.connections == 2


@EVERY
def test_garbage_is_put_aside_and_the_book_is_right_in_the_end(session: Session) -> None:
    spoilt = with_garbage(session.frames, session.first_update + 1)
    with live(session, played(session, spoilt), played(session)) as (feed, _):
        feed.until(lambda: ends_well(feed))
    assert [letter.length for letter in feed.dead] == [len(b"\x00{garbage")]
    if session.protocol.first_sequence is not None:
        assert feed.gaps() == ["start"]  # the next frame's number shows that nothing was lost
    elif session.rest:
        assert feed.gaps() in (["start"], ["start", "malformed_frame"])  # as the book comes after the garbage or before
    else:
        assert feed.gaps() == ["start", "malformed_frame"]


@EVERY
def test_frame_of_a_gigabyte_is_refused_unread(session: Session) -> None:
    begun = plays(
        session.frames[: session.first_update + 1], greetings=session.greetings, then=send_giant(1_000_000_000)
    )
    with live(session, begun, played(session)) as (feed, _):
        feed.until(lambda: ends_well(feed))
    assert [letter.length for letter in feed.dead] == [1_000_000_000]


@EVERY
def test_close_after_any_frame_leads_to_a_new_connection_with_a_new_book(session: Session) -> None:
    closing = [played(session, list(session.frames[:count]), then=close) for count in range(len(session.frames) + 1)]
    rest = session.rest and (session.rest[0],)
    with live(session, *closing, played(session), rest=rest) as (feed, exchange):
        feed.until(lambda: exchange.connections > len(closing) and feed.book() == END)
    assert feed.gaps()[0] == "start"
    assert set(feed.gaps()[1:]) <= {"disconnected"}
    assert len(feed.trades()) == len(set(feed.trades()))
    assert feed.dead == []


@EVERY
@pytest.mark.parametrize("ahead_ms", [-86_400_000, 1_700_000_000_000], ids=["a day ahead", "decades behind"])
def test_exchange_whose_clock_is_wrong_is_followed_by_the_time_of_receipt(session: Session, ahead_ms: int) -> None:
    # Its times are right and ours are off by so much: for the feed that is the same.
    with live(session, played(session), ahead_ms=ahead_ms) as (feed, _):
        feed.until(lambda: ends_well(feed))
    assert all(abs(record.received_time - record.event_time) < 60_000 for record in feed.records)
    assert any(getattr(record, "time_from", None) == "receipt" for record in feed.records)


# What only some exchanges do.


def test_quiet_binance_connection_lives_by_the_answers_to_its_questions() -> None:
    session = SESSIONS["binance diff"]
    with live(session, played(session), feed_silence_seconds=1.0) as (feed, exchange):
        feed.until(lambda: ends_well(feed))
        feed.until(lambda: len(exchange.clients[0].greetings) >= 5)  # twice as long as a silence may last
    assert exchange.connections == 1
    asked = [json.loads(message) for message in exchange.clients[0].greetings]
    assert {message["method"] for message in asked} == {"LIST_SUBSCRIPTIONS"}
    assert [message["id"] for message in asked] == list(range(1, len(asked) + 1))


def test_book_of_binance_that_does_not_come_in_time_is_asked_for_again() -> None:
    session = SESSIONS["binance diff"]
    rest = (Answer(hangs=True), Answer(b"<html>busy</html>", 503), *session.rest)
    with live(session, played(session), rest=rest, feed_connect_seconds=0.5) as (feed, exchange):
        feed.until(lambda: ends_well(feed))
    assert feed.gaps() == ["start"]
    assert exchange.connections == 1
    assert feed.metrics.snapshot()["snapshots_failed"] == 2


def test_servers_farewell_leads_to_a_new_connection() -> None:
    session = SESSIONS["binance depth5"]
    goodbye = in_stream("!serverShutdown", {"e": "serverShutdown", "E": 5})
    with live(session, played(session, [*session.frames, goodbye]), played(session)) as (feed, exchange):
        feed.until(lambda: feed.gaps() == ["start", "farewell"] and feed.book() == END)
    assert exchange.connections == 2


def test_first_book_of_coinbase_in_one_frame_of_five_megabytes_becomes_pieces_that_kafka_takes() -> None:
    session = SESSIONS["coinbase advanced"]
    levels = [
        {
            "side": "bid" if n % 2 else "offer",
            "event_time": "2026-01-01T00:00:00.170326Z",
            "price_level": f"{90_000 - n * 0.37 if n % 2 else 90_001 + n * 0.37:.2f}",
            "new_quantity": f"0.{n + 1:08d}",
        }
        for n in range(46_000)
    ]
    large = advanced("l2_data", 0, {"type": "snapshot", "product_id": session.symbol, "updates": levels})
    assert len(large) > 5_000_000
    with live(session, played(session, [large])) as (feed, _):
        feed.until(lambda: len(feed.changes()) == 46_000)
    pieces = [record for record in feed.records if record.event_time and hasattr(record, "pieces")]
    assert len(pieces) > 5
