"""What a run consists of: which parts, what each waits for, and what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.elasticsearch import ElasticsearchNode
from local.elasticsearch_accounts import INDEXER, password_file
from local.errors import NotReadyYet
from local.forecast_kept import forecast_folder, table_file
from local.jdk import Jdk
from local.kafka import KafkaNode
from local.part_plan import Finishes, LogSays, PartPlan, PortAnswers, Serves
from local.run_clock import RunClock
from local.settings import LocalSettings
from pipeline.topics import BOT_EVENTS, FORECASTS, GEMINI_FEED, SPARK_OUT

# The parts that others look for by their names.
ELASTICSEARCH, PRODUCER, FORECAST = "elasticsearch", "producer-gemini", "forecast"
# What is forecast, and how much is held out first to measure it.
FORECAST_SPAN, HOLDOUT_DAYS = "2d", "0.25"
# Seconds that the bot lets a ratio and a price grow old, and clocks differ, at the clock's normal speed.
RATIO_AGE, PRICE_AGE, CLOCK_SKEW = 60, 2, 10


@dataclass(frozen=True)
class Tools:
    """What the machine offers: the interpreter, the JDK, Kafka's jars, the folder with Spark's connector jars.

    `elasticsearch` is its archive; a run of the stream alone needs none.
    """

    python: str
    jdk: Jdk
    kafka_jars: tuple[Path, ...]
    spark_jars: Path
    elasticsearch: Path | None = None


def part_plans(settings: LocalSettings, tools: Tools, clock: RunClock, *, train: bool) -> tuple[PartPlan, ...]:
    """The parts of a run, each behind those that it waits for.

    `train`: whether the forecast of a simulated market must be made first; a recording is traded by it too, for want of
    a better one. On a live market one is made, and made anew, while the rest runs.

    Raises `NotReadyYet` when all parts are wanted and Elasticsearch's archive is not there.
    """
    common = {"KAFKA_BOOTSTRAP": settings.bootstrap, "STATE_DIR": str(settings.run_dir), **clock.env()}
    cycle = {**common, "SIMULATOR_CYCLE_SECONDS": str(settings.simulator_cycle_seconds)}
    simulator = (_simulator(settings, tools, cycle),) if settings.is_simulated else ()
    producer, spark = _producer(settings, tools, common), _spark(settings, tools, common)
    # A recording is played when everybody is there to see it.
    market, played = ((spark,), (producer,)) if settings.is_replay else ((*simulator, producer, spark), ())
    if not settings.runs_all:
        return (_kafka(settings, tools), _topics(tools, common), *market, *played)
    if settings.is_live:
        forecast: tuple[PartPlan, ...] = (_live_forecast(settings, tools, common),)
        bot = _paper_bot(settings, tools, common, clock, waits_for=("spark",))
    else:
        forecast = (_history(settings, tools, cycle), _forecast(settings, tools, common)) if train else ()
        waits_for = ("spark", FORECAST) if train else ("spark",)
        make_bot = _bot if settings.is_simulated else _paper_bot
        bot = make_bot(settings, tools, common, clock, waits_for=waits_for)
    return (
        _kafka(settings, tools),
        _elasticsearch(settings, tools),
        _topics(tools, common),
        *forecast,
        *market,
        _indexer(settings, tools, common),
        bot,
        *played,
    )


def forecast_commands(settings: LocalSettings, python: str) -> tuple[tuple[tuple[str, ...], Mapping[str, str]], ...]:
    """What makes the forecast outside a run: each command with its variables. It tells no topic."""
    common = {"STATE_DIR": str(settings.run_dir)}
    if settings.is_live:
        return ((_command(python, "forecasting", "live", *_live_options(settings), "--once"), common),)
    cycle = {**common, "SIMULATOR_CYCLE_SECONDS": str(settings.simulator_cycle_seconds)}
    history = _command(python, "simulator", "history", *_history_options(settings))
    return (history, cycle), (_command(python, "forecasting", "train", *_forecast_options(settings)), common)


def _kafka(settings: LocalSettings, tools: Tools) -> PartPlan:
    node = KafkaNode(
        settings.run_dir / "kafka", tools.jdk, tools.kafka_jars, settings.kafka_port, settings.kafka_controller_port
    )
    return PartPlan(name="kafka", ready=Serves(node), address=node.bootstrap)


def _elasticsearch(settings: LocalSettings, tools: Tools) -> PartPlan:
    if tools.elasticsearch is None:
        raise NotReadyYet(
            "Elasticsearch's archive is not there: make setup fetches it, DEMO_PARTS=stream does without."
        )
    node = ElasticsearchNode(
        settings.elasticsearch_dir,
        tools.elasticsearch,
        tools.jdk,
        settings.elasticsearch_port,
        settings.elasticsearch_transport_port,
    )
    return PartPlan(name=ELASTICSEARCH, ready=Serves(node), address=node.url, ready_seconds=240.0)


def _topics(tools: Tools, common: Mapping[str, str]) -> PartPlan:
    return PartPlan(
        name="topics", argv=_module(tools, "pipeline", "topics"), ready=Finishes(), env=common, after=("kafka",)
    )


def _history(settings: LocalSettings, tools: Tools, cycle: Mapping[str, str]) -> PartPlan:
    return PartPlan(
        name="history",
        argv=_module(tools, "simulator", "history", *_history_options(settings)),
        ready=Finishes(),
        env=cycle,
    )


def _history_options(settings: LocalSettings) -> list[str]:
    return ["--out", str(_history_file(settings)), "--days", f"{settings.demo_history_days:g}"]


def _forecast_options(settings: LocalSettings) -> list[str]:
    told = {
        "--history": str(_history_file(settings)),
        "--out": str(forecast_folder(settings.run_dir)),
        "--cycle": str(settings.simulator_cycle_seconds),
        "--periods": FORECAST_SPAN,
        "--holdout-days": HOLDOUT_DAYS,
    }
    return [text for option in told.items() for text in option]


def _forecast(settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    return PartPlan(
        name=FORECAST,
        argv=_module(tools, "forecasting", "train", *_forecast_options(settings), "--publish"),
        ready=Finishes(),
        env=common,
        after=("topics", "history"),
        writes=(FORECASTS,),
    )


def _live_options(settings: LocalSettings) -> list[str]:
    return ["--symbol", settings.symbol, "--out", str(forecast_folder(settings.run_dir))]


def _live_forecast(settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    return PartPlan(
        name=FORECAST,
        argv=_module(tools, "forecasting", "live", *_live_options(settings), "--publish"),
        # Not when there is a forecast: the exchange may be out of reach for long.
        ready=LogSays('"message":"following candles"'),
        env=common,
        after=("topics",),
        writes=(FORECASTS,),
    )


def _simulator(settings: LocalSettings, tools: Tools, cycle: Mapping[str, str]) -> PartPlan:
    port = settings.simulator_port
    return PartPlan(
        name="simulator",
        argv=_module(tools, "simulator", "serve"),
        ready=PortAnswers(port),
        env={**cycle, "SIMULATOR_PORT": str(port)},
        address=f"ws://127.0.0.1:{port}",
    )


def _producer(settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    if settings.demo_file is not None and settings.is_replay:
        return _replay(settings.demo_file, settings, tools, common)
    argv = _module(tools, "producers", "run", "gemini")
    if settings.is_live:
        # Where the exchange is, its own settings say; and it is tried again for as long as it cannot be reached.
        begun = LogSays('"message":"feed begins"')
        return PartPlan(name=PRODUCER, argv=argv, ready=begun, env=common, after=("topics",), writes=(GEMINI_FEED,))
    return PartPlan(
        name=PRODUCER,
        argv=argv,
        ready=LogSays('"message":"connected"'),
        env={**common, "FEED_URL": f"ws://127.0.0.1:{settings.simulator_port}"},
        after=("topics", "simulator"),
        writes=(GEMINI_FEED,),
    )


def _replay(file: Path, settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    return PartPlan(
        name=f"producer-{settings.exchange}",
        argv=_module(tools, "producers", "replay", str(file.resolve()), "--exchange", settings.exchange),
        ready=LogSays('"message":"replay begins"'),
        env=common,
        after=("topics", "spark", *(("indexer", "bot") if settings.runs_all else ())),
        writes=(settings.feed_topic,),
        may_end=True,
    )


def _spark(settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    ui_port = settings.spark_ui_port
    return PartPlan(
        name="spark",
        argv=_module(tools, "spark_jobs", "run"),
        ready=PortAnswers(ui_port),
        env={
            **common,
            "JAVA_HOME": str(tools.jdk.home),
            "SPARK_JARS_DIR": str(tools.spark_jars),
            "SPARK_UI_PORT": str(ui_port),
            **({"SPARK_EXCHANGES": settings.exchange} if settings.is_replay else {}),
        },
        after=("topics",),
        address=f"http://127.0.0.1:{ui_port}",
        writes=(SPARK_OUT,),
    )


def _indexer(settings: LocalSettings, tools: Tools, common: Mapping[str, str]) -> PartPlan:
    return PartPlan(
        name="indexer",
        argv=_module(tools, "indexer", "run"),
        ready=LogSays('"message":"indexing"'),
        env={
            **common,
            "ELASTICSEARCH_URL": settings.elasticsearch_url,
            "ELASTICSEARCH_USER": INDEXER,
            "ELASTICSEARCH_PASSWORD_FILE": str(password_file(settings.elasticsearch_dir, INDEXER)),
        },
        after=("topics", ELASTICSEARCH),
    )


def _bot(
    settings: LocalSettings, tools: Tools, common: Mapping[str, str], clock: RunClock, waits_for: tuple[str, ...]
) -> PartPlan:
    account = settings.run_dir / "exchange"
    return PartPlan(
        name="bot",
        argv=_module(tools, "bot", "run"),
        ready=LogSays('"message":"the bot is ready"'),
        env={
            **common,
            "BOT_MODE": "simulator",
            "BOT_API_URL": f"http://127.0.0.1:{settings.simulator_port}",
            "BOT_API_KEY_FILE": str(account / "api-key"),
            "BOT_API_SECRET_FILE": str(account / "api-secret"),
            "BOT_FORECAST": str(table_file(settings.run_dir)),
            **_patience(clock),
        },
        after=("topics", "simulator", *waits_for),
        writes=(BOT_EVENTS,),
    )


def _paper_bot(
    settings: LocalSettings, tools: Tools, common: Mapping[str, str], clock: RunClock, waits_for: tuple[str, ...]
) -> PartPlan:
    return PartPlan(
        name="bot",
        argv=_module(tools, "bot", "run"),
        ready=LogSays('"message":"the bot is ready"'),
        env={
            **common,
            "BOT_MODE": "paper",
            "BOT_EXCHANGE": settings.exchange,
            "BOT_SYMBOL": settings.symbol,
            "BOT_FORECAST": str(table_file(settings.run_dir)),
            **_patience(clock),
        },
        after=("topics", *waits_for),
        writes=(BOT_EVENTS,),
    )


def _patience(clock: RunClock) -> dict[str, str]:
    """Delays are real time: where the clock goes faster, they are more of its seconds."""
    if clock.speed <= 1:
        return {}
    limits = {
        "BOT_RATIO_MAX_AGE_SECONDS": RATIO_AGE,
        "BOT_PRICE_MAX_AGE_SECONDS": PRICE_AGE,
        "BOT_CLOCK_MAX_SKEW_SECONDS": CLOCK_SKEW,
    }
    return {name: f"{seconds * clock.speed:g}" for name, seconds in limits.items()}


def _history_file(settings: LocalSettings) -> Path:
    return settings.run_dir / "history.csv"


def _module(tools: Tools, *arguments: str) -> tuple[str, ...]:
    return _command(tools.python, *arguments)


def _command(python: str, *arguments: str) -> tuple[str, ...]:
    return (python, "-m", *arguments)
