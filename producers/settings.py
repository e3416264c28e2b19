"""Settings of a producer."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from pipeline.settings import PartSettings

# Any exchange's: each protocol has a narrower pattern of its own.
SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,40}")


class ProducerSettings(PartSettings):
    """What `python -m producers run` can be told. Times are real seconds unless said otherwise."""

    feed_url: str = Field(
        default="", description="base address of the exchange, ws:// or wss://; empty: its public one"
    )
    feed_rest_url: str = Field(
        default="", description="base address for books that are asked for by REST, http:// or https://; empty: public"
    )
    feed_protocol: str = Field(
        default="", description="protocol to speak with the exchange; empty: its default (`--help` lists them)"
    )
    feed_symbols: str = Field(
        default="", description="symbols to follow, separated by commas; empty: the exchange's Bitcoin"
    )
    feed_trades: bool = Field(default=True, description="whether trades are followed besides the book")
    feed_symbols_each: int = Field(
        default=0, ge=0, le=1000, description="symbols that share a connection; 0: as suits the protocol"
    )
    feed_first_book_seconds: float = Field(
        default=20, gt=0, description="so long may the first book of a connection take"
    )
    feed_topic: str = Field(default="", description="topic to write; empty: <exchange>-feed")
    feed_silence_seconds: float = Field(
        default=15, gt=0, description="a connection without a frame for so long is given up (heartbeats come each 5 s)"
    )
    feed_connect_seconds: float = Field(default=10, gt=0, description="so long may connecting take")
    feed_steady_seconds: float = Field(
        default=60, gt=0, description="data must flow for so long before reconnect delays start small again"
    )
    feed_back_off_first_seconds: float = Field(default=1, gt=0, description="first delay before reconnecting")
    feed_back_off_cap_seconds: float = Field(default=60, gt=0, description="longest delay before reconnecting")
    feed_max_frame_bytes: int = Field(
        default=0, ge=0, description="longer frames are refused by their header, unread; 0: as the protocol needs"
    )
    feed_tick_grace_ms: float = Field(
        default=300, ge=0, description="so long a second's tick waits for frames under way (real ms)"
    )
    feed_crossed_book: Literal["resync", "accept"] = Field(
        default="resync", description="what to do when best bid >= best ask; Gemini's sandbox needs accept"
    )
    feed_inbox_frames: int = Field(default=20_000, ge=1, description="frames that may wait to be handled")
    feed_inbox_bytes: int = Field(default=64 * 1024 * 1024, ge=1024, description="and bytes of them")
    feed_pending_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024, description="bytes that may wait for Kafka before the feed starts over"
    )
    feed_delivery_seconds: float = Field(
        default=120, gt=0, description="a record that Kafka did not take for so long makes the feed start over"
    )

    @field_validator("feed_url")
    @classmethod
    def _is_websocket(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("ws", "wss") or not urlsplit(value).hostname):
            raise ValueError("expected an address such as wss://api.gemini.com or ws://127.0.0.1:8181")
        return value

    @field_validator("feed_symbols")
    @classmethod
    def _are_symbols(cls, value: str) -> str:
        names = [name.strip().upper() for name in value.split(",")] if value.strip() else []
        if not all(SYMBOL.fullmatch(name) for name in names) or len(set(names)) < len(names):
            raise ValueError("expected different symbols separated by commas, such as BTCUSD,ETHUSD")
        return ",".join(names)

    @field_validator("feed_rest_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("expected an address such as https://api.binance.com or http://127.0.0.1:8181")
        return value

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, upper case; none: the default."""
        return tuple(self.feed_symbols.split(",")) if self.feed_symbols else ()
