"""Settings of a run on one machine: where its state lies and which ports its servers take."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.settings import PartSettings
from pipeline.topics import feed_topic

# Each feed's data have a folder of their own; a recording's is named for its file.
SOURCES = {"simulator": "simulator", "live": "gemini"}
# What each exchange calls bitcoin in the currency that it trades most.
BITCOIN = {"gemini": "BTCUSD", "coinbase": "BTC-USD", "binance": "BTCUSDT", "upbit": "KRW-BTC"}


class LocalSettings(PartSettings):
    """What `python -m local` reads from the environment and `.env`. Every port is on 127.0.0.1.

    Other variables reach the parts as they are; those that a run must decide itself (addresses, state folder, clock)
    are set by it, whatever the environment says.
    """

    feed: Literal["simulator", "live", "replay"] = Field(
        default="simulator",
        description="whose market the demo follows: simulator (ours), live (Gemini's, the bot on paper), or replay "
        "(a recording's, the bot on paper)",
    )
    demo_file: Path | None = Field(
        default=None, description="with FEED=replay: the recording to play (make demo FEED=replay FILE=…)"
    )
    demo_exchange: Literal["gemini", "coinbase", "binance", "upbit"] = Field(
        default="gemini", description="with FEED=replay: whose frames it holds (make demo FEED=replay EXCHANGE=…)"
    )
    demo_source: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9-]*)?$",
        description="name of the data's source, whose state lies in STATE_DIR/<source>; empty: simulator, "
        "gemini with FEED=live, or replay-<exchange>-<file> with FEED=replay",
    )
    demo_speed: float = Field(
        default=1.0, gt=0, le=1000, description="how fast the simulated market's time passes; 1 is real time"
    )
    demo_parts: Literal["all", "stream"] = Field(
        default="all",
        description="what a run consists of: all, or stream (up to the ratio: no forecast, bot, Elasticsearch)",
    )
    demo_history_days: float = Field(
        default=2.0, ge=0.1, le=60, description="days of simulated history that the demo's forecast is trained on"
    )
    kafka_port: int = Field(default=19092, ge=1, le=65535, description="port of the local Kafka broker")
    kafka_controller_port: int = Field(default=19093, ge=1, le=65535, description="port of its KRaft controller")
    simulator_port: int = Field(default=8181, ge=1, le=65535, description="port of the simulated exchange")
    spark_ui_port: int = Field(default=4040, ge=1, le=65535, description="port of Spark's web page")
    elasticsearch_port: int = Field(default=19200, ge=1, le=65535, description="port of the local Elasticsearch")
    elasticsearch_transport_port: int = Field(
        default=19300,
        ge=1,
        le=65535,
        description="port that it keeps for other nodes, of which there are none",
    )
    simulator_cycle_seconds: int = Field(
        default=720,
        ge=180,
        le=86_400,
        description="period of the cycle in the simulated price, which the demo's forecast is taught; whole seconds",
    )
    liquidity_delay_seconds: int = Field(
        default=1, ge=0, le=3600, description="how far event time must pass a minute's end before the minute is written"
    )

    bot_symbol: str = Field(
        default="",
        description="symbol to trade, and with FEED=live to forecast; empty: bitcoin in the exchange's first currency",
    )

    @model_validator(mode="after")
    def _feed_fits(self) -> Self:
        if self.is_live and self.demo_speed != 1.0:
            raise ValueError(f"DEMO_SPEED={self.demo_speed:g}: with FEED=live time passes as it does; unset it")
        if self.is_replay and self.demo_file is None:
            raise ValueError("FEED=replay needs a recording: make demo FEED=replay FILE=recording.zst EXCHANGE=gemini")
        owner = next((feed for feed, source in SOURCES.items() if source == self.demo_source), self.feed)
        if owner != self.feed:
            raise ValueError(f"DEMO_SOURCE={self.demo_source} is not that of FEED={self.feed}: their data must not mix")
        return self

    @property
    def is_simulated(self) -> bool:
        """Whether our own simulator makes the market."""
        return self.feed == "simulator"

    @property
    def is_replay(self) -> bool:
        """Whether a recording is played."""
        return self.feed == "replay"

    @property
    def exchange(self) -> str:
        """Whose feed runs."""
        return self.demo_exchange if self.is_replay else "gemini"

    @property
    def symbol(self) -> str:
        """The symbol that is traded."""
        return self.bot_symbol or BITCOIN[self.exchange]

    @property
    def feed_topic(self) -> str:
        """The topic of that feed."""
        return feed_topic(self.exchange)

    @property
    def make_options(self) -> str:
        """What to say to make besides its target, with a blank before it, so that it means this run."""
        if self.is_replay:
            return f" FEED=replay FILE={self.demo_file} EXCHANGE={self.demo_exchange}"
        return "" if self.is_simulated else f" FEED={self.feed}"

    @property
    def is_live(self) -> bool:
        """Whether a real exchange's market is followed."""
        return self.feed == "live"

    @property
    def source(self) -> str:
        """The name of the data's source."""
        if self.demo_source or self.demo_file is None or not self.is_replay:
            return self.demo_source or SOURCES[self.feed]
        name = re.sub(r"[^a-z0-9]+", "-", self.demo_file.name.split(".")[0].lower()).strip("-")
        return f"replay-{self.demo_exchange}-{name}".rstrip("-")

    @property
    def run_dir(self) -> Path:
        """The folder that holds everything of this source's runs."""
        return self.state_dir.resolve() / self.source

    @property
    def bootstrap(self) -> str:
        """The local broker's address."""
        return f"127.0.0.1:{self.kafka_port}"

    @property
    def elasticsearch_dir(self) -> Path:
        """What Elasticsearch keeps, the passwords of its users among it."""
        return self.run_dir / "elasticsearch"

    @property
    def elasticsearch_url(self) -> str:
        """The local Elasticsearch's address."""
        return f"http://127.0.0.1:{self.elasticsearch_port}"

    @property
    def ports(self) -> dict[str, int]:
        """Every port that a run takes, by the variable that sets it."""
        stream = {
            "KAFKA_PORT": self.kafka_port,
            "KAFKA_CONTROLLER_PORT": self.kafka_controller_port,
            "SPARK_UI_PORT": self.spark_ui_port,
        }
        if self.is_simulated:
            stream["SIMULATOR_PORT"] = self.simulator_port
        if not self.runs_all:
            return stream
        return stream | {
            "ELASTICSEARCH_PORT": self.elasticsearch_port,
            "ELASTICSEARCH_TRANSPORT_PORT": self.elasticsearch_transport_port,
        }

    @property
    def runs_all(self) -> bool:
        """Whether forecast, bot and Elasticsearch are part of the run."""
        return self.demo_parts == "all"
