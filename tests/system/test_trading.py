"""The whole chain trades through kills: exchange, journal, ledger and Elasticsearch say the same."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from local.artifacts import ArtifactCache
from pipeline.topics import HEALTH
from tests.spark_jobs.kill_between_offsets_and_commit import kill_between
from tests.system.pipeline_run import PipelineRun, pipeline_run
from tests.system.trading_run import (
    Traded,
    TradingRun,
    assert_backtest_sees_the_same_minutes,
    assert_books_agree,
    await_documents,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

DEADLINE = 900.0
CYCLE = {"SIMULATOR_CYCLE_SECONDS": "240"}
AWAY_SECONDS = 30.0
BOT_POINTS = ("bot.after_intent", "bot.after_send")


@contextmanager
def trading_run(
    folder: Path, artifact_cache: ArtifactCache, monkeypatch: pytest.MonkeyPatch, **extra: dict[str, str]
) -> Iterator[TradingRun]:
    """The whole product at speed 4 with a cycle of 4 minutes; the next order is filled only in part."""
    for name, value in CYCLE.items():
        monkeypatch.setenv(name, value)
    env = {"simulator": {"SIMULATOR_SCENES": "partial@0"}, **extra}
    with pipeline_run(folder, artifact_cache, env, parts="all") as run:
        trading = TradingRun(run)
        try:
            yield trading
        finally:
            trading.close()


def await_trades(trading: TradingRun) -> None:
    trading.run.await_true(
        lambda: Traded.of(trading.journal()).is_enough(), DEADLINE, "2 buys and 2 sells, one of all filled in part"
    )


def stop_the_bot(run: PipelineRun) -> None:
    """Asks the bot to end, and waits until it has."""
    bot = run.system.parts["bot"]
    run.system.kill("bot", signal.SIGTERM)
    run.await_true(lambda: bot.state == "down", DEADLINE, "the bot's end", parts_up=False)


def freeze_and_kill(run: PipelineRun, part: str) -> None:
    """The part does not answer for half a minute, and is then killed."""
    run.system.kill(part, signal.SIGSTOP)
    Event().wait(AWAY_SECONDS)
    run.system.kill(part, signal.SIGKILL)


def has_waited(run: PipelineRun) -> bool:
    """Whether the indexer has told that it waited for Elasticsearch."""
    samples = [sample["metrics"] for sample in run.values(HEALTH) if sample["part"] == "indexer"]
    return any(metrics.get("waits_for_elasticsearch", 0) > 0 for metrics in samples)


def test_all_books_agree_after_two_rounds_of_trading_and_kills_of_every_part(
    tmp_path: Path, artifact_cache: ArtifactCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_told, indexer_told = tmp_path / "bot-killed", tmp_path / "indexer-killed"
    kills = {
        "bot": {"KILL_AT": ",".join(BOT_POINTS), "KILL_AT_FILE": str(bot_told)},
        "indexer": {"KILL_AT": "indexer.mid_bulk:3", "KILL_AT_FILE": str(indexer_told)},
    }
    with trading_run(tmp_path, artifact_cache, monkeypatch, **kills) as trading:
        run = trading.run
        spark, elasticsearch = run.system.parts["spark"], run.system.parts["elasticsearch"]
        checkpoint = run.settings.run_dir / "checkpoints" / "liquidity-gemini"
        run.await_true((checkpoint / "commits" / "0").exists, DEADLINE, "Spark's first batch")
        assert spark.pid is not None
        assert kill_between(checkpoint, spark.pid, after_batch=0, deadline_seconds=DEADLINE) > 0
        run.await_true(indexer_told.exists, DEADLINE, "the indexer at its kill point")
        freeze_and_kill(run, "elasticsearch")
        elasticsearch.await_restarted(1, DEADLINE)
        run.await_true(lambda: has_waited(run), DEADLINE, "a health sample of the indexer that waited")
        await_trades(trading)
        run.await_true(lambda: _lines(bot_told) == len(BOT_POINTS), DEADLINE, "the bot at both of its kill points")
        stop_the_bot(run)
        journal = trading.journal()
        assert_books_agree(journal, trading.exchange())
        assert_backtest_sees_the_same_minutes(trading, journal, tmp_path)
        await_documents(trading, journal, DEADLINE)
        assert spark.restarts >= 1

    assert bot_told.read_text(encoding="utf-8").splitlines() == [f"killed at {point}" for point in BOT_POINTS]
    assert indexer_told.read_text(encoding="utf-8") == "killed at indexer.mid_bulk\n"
    assert Traded.of(journal).is_enough()
    balances = [record for record in journal if record["type"] == "balance"]
    assert balances
    assert all(record["agrees"] for record in balances)
    assert [record for record in journal if record["type"] == "score"]


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0
