"""The settings of all parts, and those that a newcomer may want first."""

from bot.settings import BotSettings
from compose.settings import ComposeSettings
from forecasting.settings import ForecastingSettings
from indexer.settings import IndexerSettings
from kibana.settings import KibanaSettings
from local.settings import LocalSettings
from pipeline.settings import PartSettings
from producers.settings import ProducerSettings
from simulator.settings import SimulatorSettings
from spark_jobs.settings import SparkSettings

PARTS: dict[str, type[PartSettings]] = {
    "every part": PartSettings,
    "local (make demo)": LocalSettings,
    "producers": ProducerSettings,
    "simulator": SimulatorSettings,
    "spark_jobs": SparkSettings,
    "forecasting": ForecastingSettings,
    "bot": BotSettings,
    "indexer": IndexerSettings,
    "compose": ComposeSettings,
    "kibana": KibanaSettings,
}

IN_THE_README = (
    "STATE_DIR",
    "FEED",
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "SIMULATOR_PORT",
    "SPARK_UI_PORT",
    "DEMO_SPEED",
    "SIMULATOR_RATE",
    "SIMULATOR_SEED",
    "SIMULATOR_SCENES",
    "FEED_URL",
    "FEED_SYMBOLS",
    "LIQUIDITY_DELAY_SECONDS",
    "BOT_MODE",
    "BOT_TRADE_FRACTION",
    "BOT_RATIO_MIN",
    "BOT_RATIO_MAX",
)
