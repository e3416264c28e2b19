"""What a run consists of."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from local.elasticsearch import ElasticsearchNode
from local.errors import NotReadyYet
from local.jdk import Jdk
from local.kafka import KafkaNode
from local.part_plan import Finishes, LogSays, PartPlan, PortAnswers, Serves
from local.part_plans import Tools, part_plans
from local.run_clock import RunClock
from local.settings import LocalSettings
from pipeline.settings import load

NOW = 1_767_268_800_000
TOOLS = Tools("python3", Jdk(Path("/jdk"), 25), (Path("/kafka/a.jar"),), Path("/jars"), Path("/es/es.zip"))
STREAM = ["kafka", "topics", "simulator", "producer-gemini", "spark"]
REAL_TIME = RunClock()


def plans(
    clock: RunClock = REAL_TIME, parts: str = "all", *, train: bool = True, tools: Tools = TOOLS
) -> dict[str, PartPlan]:
    settings = load(
        LocalSettings,
        {},
        state_dir=Path("/elsewhere"),
        demo_parts=parts,
        demo_history_days=3,
        kafka_port=1001,
        simulator_port=1002,
        spark_ui_port=1003,
        elasticsearch_port=1004,
        simulator_cycle_seconds=240,
    )
    return {plan.name: plan for plan in part_plans(settings, tools, clock, train=train)}


def our_own(by_name: dict[str, PartPlan]) -> list[PartPlan]:
    return [plan for name, plan in by_name.items() if name not in ("kafka", "elasticsearch")]


def option(argv: Sequence[str], name: str) -> str:
    return argv[argv.index(name) + 1]


def test_stream_alone_has_neither_forecast_nor_bot_nor_elasticsearch() -> None:
    assert list(plans(parts="stream", tools=replace(TOOLS, elasticsearch=None))) == STREAM


def test_whole_run_has_all_parts_and_each_stands_behind_those_it_waits_for() -> None:
    whole = plans()
    assert set(whole) == {*STREAM, "elasticsearch", "history", "forecast", "indexer", "bot"}
    names = list(whole)
    for name, plan in whole.items():
        assert all(names.index(other) < names.index(name) for other in plan.after), name


def test_forecast_that_can_be_kept_is_not_made_again() -> None:
    kept = plans(train=False)
    assert not {"history", "forecast"} & set(kept)
    assert all(set(plan.after) <= set(kept) for plan in kept.values())


def test_whole_run_without_elasticsearchs_files_says_what_to_do() -> None:
    with pytest.raises(NotReadyYet, match="make setup"):
        plans(tools=replace(TOOLS, elasticsearch=None))


def test_every_part_uses_this_runs_broker_and_state_folder() -> None:
    for plan in our_own(plans()):
        assert plan.env["KAFKA_BOOTSTRAP"] == "127.0.0.1:1001"
        assert plan.env["STATE_DIR"] == "/elsewhere/simulator"


def test_broker_is_ready_when_it_answers() -> None:
    kafka = plans()["kafka"]
    assert isinstance(kafka.ready, Serves)
    assert isinstance(kafka.server, KafkaNode)
    assert "/jdk/bin/java" in kafka.command()
    assert kafka.address == "127.0.0.1:1001"


def test_elasticsearch_is_ready_when_it_answers() -> None:
    elasticsearch = plans()["elasticsearch"]
    assert isinstance(elasticsearch.server, ElasticsearchNode)
    assert elasticsearch.address == elasticsearch.server.url == "http://127.0.0.1:1004"


def test_topics_are_made_before_anything_needs_them() -> None:
    whole = plans()
    assert whole["topics"].ready == Finishes()
    assert {name for name, plan in whole.items() if "topics" in plan.after} == {
        "forecast",
        "producer-gemini",
        "spark",
        "indexer",
        "bot",
    }


def test_producer_reads_the_simulator() -> None:
    assert plans()["producer-gemini"].env["FEED_URL"] == plans()["simulator"].address == "ws://127.0.0.1:1002"


def test_forecast_is_trained_on_the_simulators_history_and_told_of_its_cycle() -> None:
    whole = plans()
    history, forecast = whole["history"], whole["forecast"]
    assert history.ready == forecast.ready == Finishes()
    assert history.env["SIMULATOR_CYCLE_SECONDS"] == whole["simulator"].env["SIMULATOR_CYCLE_SECONDS"] == "240"
    assert option(forecast.argv, "--cycle") == "240"
    assert option(history.argv, "--out") == option(forecast.argv, "--history")
    assert option(history.argv, "--days") == "3"
    assert "--publish" in forecast.argv


def test_spark_gets_the_jdk_the_jars_and_its_port() -> None:
    spark = plans()["spark"]
    assert spark.env["JAVA_HOME"] == "/jdk"
    assert spark.env["SPARK_JARS_DIR"] == "/jars"
    assert spark.ready == PortAnswers(1003)
    assert spark.address == "http://127.0.0.1:1003"


def test_indexer_writes_to_this_runs_elasticsearch_as_its_own_user() -> None:
    indexer = plans()["indexer"]
    assert indexer.env["ELASTICSEARCH_URL"] == "http://127.0.0.1:1004"
    assert indexer.env["ELASTICSEARCH_USER"] == "indexer"
    assert indexer.env["ELASTICSEARCH_PASSWORD_FILE"] == "/elsewhere/simulator/elasticsearch/indexer.password"


def test_bot_trades_at_this_runs_simulator_by_this_runs_forecast() -> None:
    whole = plans()
    bot = whole["bot"]
    assert bot.env["BOT_MODE"] == "simulator"
    assert bot.env["BOT_API_URL"] == "http://127.0.0.1:1002"
    assert bot.env["BOT_API_SECRET_FILE"] == "/elsewhere/simulator/exchange/api-secret"
    assert bot.env["BOT_FORECAST"] == f"{option(whole['forecast'].argv, '--out')}/forecast.csv"
    assert isinstance(bot.ready, LogSays)


def test_fast_clock_leaves_the_bot_as_much_real_time_as_a_normal_one() -> None:
    assert "BOT_PRICE_MAX_AGE_SECONDS" not in plans()["bot"].env
    fast = plans(RunClock(speed=4.0, anchor_ms=NOW, start_ms=NOW))["bot"].env
    assert fast["BOT_RATIO_MAX_AGE_SECONDS"] == "240"
    assert fast["BOT_PRICE_MAX_AGE_SECONDS"] == "8"


def test_parts_share_one_clock() -> None:
    clock = RunClock(speed=4.0, anchor_ms=NOW, start_ms=NOW + 5)
    for plan in our_own(plans(clock)):
        assert plan.env["CLOCK_SPEED"] == "4"
        assert plan.env["CLOCK_ANCHOR_MS"] == str(NOW)
        assert plan.env["CLOCK_START_MS"] == str(NOW + 5)


# ---- a live market


def live_plans(**changes: object) -> dict[str, PartPlan]:
    settings = load(LocalSettings, {}, state_dir=Path("/elsewhere"), feed="live", kafka_port=1001, **changes)
    return {plan.name: plan for plan in part_plans(settings, TOOLS, REAL_TIME, train=False)}


def test_live_run_starts_no_simulator_and_keeps_a_state_folder_of_its_own() -> None:
    live = live_plans()
    assert set(live) == {*STREAM, "elasticsearch", "forecast", "indexer", "bot"} - {"simulator"}
    for plan in our_own(live):
        assert plan.env["STATE_DIR"] == "/elsewhere/gemini"
        assert set(plan.after) <= set(live)


def test_live_producer_is_told_nothing_of_where_the_exchange_is() -> None:
    producer = live_plans()["producer-gemini"]
    assert not [name for name in producer.env if name.startswith("FEED")]
    assert producer.argv[-3:] == ("producers", "run", "gemini")


def test_live_run_does_not_wait_for_the_exchange() -> None:
    live = live_plans()
    assert live["producer-gemini"].ready == LogSays('"message":"feed begins"')
    assert live["forecast"].ready == LogSays('"message":"following candles"')
    assert "forecast" not in live["bot"].after


def test_live_bot_is_on_paper_by_the_forecast_that_is_made_of_candles() -> None:
    live = live_plans(bot_symbol="ETHUSD")
    assert live["bot"].env["BOT_MODE"] == "paper"
    assert live["bot"].env["BOT_FORECAST"] == f"{option(live['forecast'].argv, '--out')}/forecast.csv"
    assert option(live["forecast"].argv, "--symbol") == "ETHUSD"
    assert live["forecast"].argv[2:4] == ("forecasting", "live")
    assert "--publish" in live["forecast"].argv


def test_live_stream_alone_needs_neither_forecast_nor_simulator() -> None:
    assert list(live_plans(demo_parts="stream")) == ["kafka", "topics", "producer-gemini", "spark"]


# ---- a recorded market


def replay_plans(*, train: bool = True, **changes: object) -> dict[str, PartPlan]:
    told = {"state_dir": Path("/elsewhere"), "feed": "replay", "demo_file": Path("/recordings/a.zst")}
    settings = load(LocalSettings, {}, **(told | {"demo_exchange": "binance"} | changes))
    return {plan.name: plan for plan in part_plans(settings, TOOLS, REAL_TIME, train=train)}


def test_replay_is_the_producer_and_may_come_to_its_end() -> None:
    replayed = replay_plans()
    assert set(replayed) == {
        *("kafka", "elasticsearch", "topics", "history", "forecast"),
        *("producer-binance", "spark", "indexer", "bot"),
    }
    producer = replayed["producer-binance"]
    assert producer.argv[2:] == ("producers", "replay", "/recordings/a.zst", "--exchange", "binance")
    assert producer.writes == ("binance-feed",)
    assert producer.may_end
    assert not [plan.name for plan in replayed.values() if plan.may_end and plan is not producer]
    # It is played when everybody is there to see it.
    assert list(replayed)[-1] == "producer-binance"
    assert {"spark", "indexer", "bot"} <= set(producer.after)
    for plan in our_own(replayed):
        assert plan.env["STATE_DIR"] == "/elsewhere/replay-binance-a"
        assert set(plan.after) <= set(replayed)


def test_replayed_exchange_is_the_one_that_is_summed_and_traded() -> None:
    replayed = replay_plans()
    assert replayed["spark"].env["SPARK_EXCHANGES"] == "binance"
    bot = replayed["bot"]
    assert (bot.env["BOT_MODE"], bot.env["BOT_EXCHANGE"], bot.env["BOT_SYMBOL"]) == ("paper", "binance", "BTCUSDT")
    assert bot.env["BOT_FORECAST"] == f"{option(replayed['forecast'].argv, '--out')}/forecast.csv"
    assert "forecast" in bot.after


def test_replayed_symbol_is_traded_when_it_is_named() -> None:
    assert replay_plans(bot_symbol="ETHUSDT")["bot"].env["BOT_SYMBOL"] == "ETHUSDT"


def test_replayed_stream_alone_needs_no_forecast() -> None:
    assert list(replay_plans(demo_parts="stream")) == ["kafka", "topics", "spark", "producer-binance"]
