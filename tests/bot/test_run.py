"""The bot as a process on a real broker, on paper: killed, started again, told something, taken over, stopped."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

import pytest

from local.kafka import KafkaServer
from market.journal import Balance, Decision, JournalRecord, OrderRecord, Score, StateChange, decode_journal
from market.records import Book, PriceVolume, encode
from pipeline.kafka_clients import Publisher, read_to_end
from pipeline.topics import BOT_EVENTS, GEMINI_FEED, SPARK_OUT, create_topics
from tests.bot.doubles import MINUTE
from tests.simulator.running_exchange import running_exchange

ROOT = Path(__file__).resolve().parents[2]
SYMBOL = "ETHUSD"
R = TypeVar("R")


class Scene:
    """A broker with a feed whose books keep coming, a forecast, and bots of one identity."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        # A folder without a .env: nobody's own settings take part.
        self.folder = folder
        self.name = f"t{uuid.uuid4().hex[:8]}"
        self.bot = f"{self.name}-paper-ethusd"
        self.first_minute = int(time.time() * 1000) // MINUTE * MINUTE - MINUTE
        self.killed = folder / "killed"
        forecast = folder / "forecast.csv"
        rows = [(self.first_minute + 2 * MINUTE, "buy"), (self.first_minute + 3 * MINUTE, "sell")]
        lines = [f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(ds / 1000))},{side}\n" for ds, side in rows]
        forecast.write_text("ds,side\n" + "".join(lines))
        # Ages as generous as a busy machine needs; what they mean is tested elsewhere.
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "KAFKA_BOOTSTRAP": bootstrap,
            "STATE_DIR": str(folder / "state"),
            "BOT_NAME": self.name,
            "BOT_SYMBOL": SYMBOL,
            "BOT_FORECAST": str(forecast),
            "BOT_RATIO_MAX_AGE_SECONDS": "900",
            "BOT_PRICE_MAX_AGE_SECONDS": "60",
        }
        self.bots: list[subprocess.Popen[bytes]] = []
        self._publisher = Publisher(bootstrap)
        self._over = Event()
        self._books = Thread(target=self._show_books)
        self._books.start()

    def close(self) -> None:
        self._over.set()
        self._books.join()
        self._publisher.close(30)
        for bot in self.bots:
            if bot.poll() is None:
                bot.kill()
            bot.wait()

    def run(self, **env: str) -> subprocess.Popen[bytes]:
        """Starts a bot and waits until it has taken the journal over."""
        starts = len(self.journal(StateChange))
        command = [sys.executable, "-m", "bot", "run"]
        bot = subprocess.Popen(command, cwd=self.folder, env=self.env | env, stdin=subprocess.DEVNULL)
        self.bots.append(bot)
        self.until(lambda: len(self.journal(StateChange)) > starts)
        return bot

    def minute_passes(self, number: int) -> None:
        start = self.first_minute + number * MINUTE
        record = PriceVolume(
            exchange="gemini",
            symbol=SYMBOL,
            event_time=start + MINUTE,
            window_start=start,
            window_end=start + MINUTE,
            timestamp=start // 1000,
            changes=3,
            ask="5.00000000",
            bid="5.00000000",
            value="1.000000000000",
            complete=True,
        )
        self._publisher.publish(SPARK_OUT, SYMBOL, encode(record))
        self._publisher.flush(30)

    def journal(self, kind: type[R]) -> list[R]:
        records: list[JournalRecord] = [decode_journal(value) for value in read_to_end(self.bootstrap, BOT_EVENTS)]
        return [record for record in records if isinstance(record, kind) and getattr(record, "bot", "") == self.bot]

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 90
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen; the journal: {self.journal(object)}"
            self._over.wait(0.2)

    def _show_books(self) -> None:
        while not self._over.wait(0.2):
            now_ms = int(time.time() * 1000)
            book = Book(
                exchange="gemini",
                symbol=SYMBOL,
                event_time=now_ms,
                received_time=now_ms,
                connection="c",
                bids=(("1999.99", "100"),),
                asks=(("2000.01", "30"),),
            )
            self._publisher.publish(GEMINI_FEED, SYMBOL, encode(book))


@pytest.fixture
def scene(kafka: KafkaServer, tmp_path: Path) -> Iterator[Scene]:
    create_topics(kafka.bootstrap)
    scene = Scene(kafka.bootstrap, tmp_path)
    try:
        yield scene
    finally:
        scene.close()


def test_bot_buys_is_killed_starts_again_sells_obeys_and_leaves_the_field_to_a_newer_one(scene: Scene) -> None:
    killed = scene.run(KILL_AT="bot.after_send", KILL_AT_FILE=str(scene.killed))
    scene.until(lambda: scene.journal(Balance))
    scene.minute_passes(0)
    assert killed.wait(90) == -signal.SIGKILL
    assert scene.killed.read_text() == "killed at bot.after_send\n"
    assert [decision.action for decision in scene.journal(Decision)] == ["buy"]
    assert scene.journal(OrderRecord) == []

    bot = scene.run()
    scene.until(lambda: scene.journal(OrderRecord))
    (bought,) = scene.journal(OrderRecord)
    assert (bought.status, bought.executed) == ("partly_filled", "30")

    scene.minute_passes(1)
    scene.until(lambda: scene.journal(Score))
    assert [(order.side, order.status) for order in scene.journal(OrderRecord)][1:] == [("sell", "filled")]
    assert float(scene.journal(Score)[0].net) < 0

    told = subprocess.run(
        [sys.executable, "-m", "bot", "pause"], cwd=scene.folder, env=scene.env, capture_output=True, text=True
    )
    assert (told.returncode, scene.bot in told.stdout) == (0, True)
    scene.until(lambda: scene.journal(StateChange)[-1].state == "paused")

    newer = scene.run()
    scene.minute_passes(2)
    assert bot.wait(120) == 78
    scene.until(lambda: len(scene.journal(Decision)) == 3)
    assert scene.journal(Decision)[-1].reason == "paused"
    newer.send_signal(signal.SIGTERM)
    assert newer.wait(60) == 0
    assert all(balance.agrees for balance in scene.journal(Balance))


def test_bot_at_the_simulated_exchange_checks_its_keys_and_records_what_it_found(scene: Scene) -> None:
    keys = {"key": "account-OfTheTest", "secret": "SecretOfTheTest"}
    for name, value in keys.items():
        (scene.folder / name).write_text(value)
    with running_exchange(simulator_api_key=keys["key"], simulator_api_secret=keys["secret"]) as exchange:
        scene.env |= {
            "BOT_MODE": "simulator",
            "BOT_SYMBOL": "BTCUSD",
            "BOT_API_URL": f"http://127.0.0.1:{exchange.port}",
            "BOT_API_KEY_FILE": str(scene.folder / "key"),
            "BOT_API_SECRET_FILE": str(scene.folder / "secret"),
        }
        scene.bot = f"{scene.name}-simulator-btcusd"
        bot = scene.run()
        scene.until(lambda: scene.journal(Balance))
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(60) == 0
        (scene.folder / "secret").write_text("AnotherSecret")
        command = [sys.executable, "-m", "bot", "run"]
        wrong = subprocess.run(command, cwd=scene.folder, env=scene.env, capture_output=True, text=True, check=False)
    balance = scene.journal(Balance)[0]
    assert (balance.base_amount, balance.quote_amount, balance.agrees) == ("1000", "100000", True)
    assert wrong.returncode == 78
    assert "InvalidSignature" in wrong.stderr
    assert "AnotherSecret" not in wrong.stderr


@pytest.fixture
def bare(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python -m bot` with these arguments and settings and nothing else."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", *arguments]
        whole = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | env
        return subprocess.run(command, cwd=tmp_path, env=whole, capture_output=True, text=True, check=False)

    return run


Runs = Callable[..., subprocess.CompletedProcess[str]]


def test_wrong_settings_end_the_bot_at_once_and_no_key_is_shown(bare: Runs) -> None:
    ended = bare("run", BOT_MODE="live", BOT_API_KEY="account-Hush", BOT_API_SECRET="HushHush")
    assert ended.returncode == 78
    assert "BOT_LIVE_CONFIRMED" in ended.stderr
    assert "Hush" not in ended.stderr + ended.stdout


def test_command_without_a_broker_says_so(bare: Runs, free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    ended = bare("pause", KAFKA_BOOTSTRAP=f"127.0.0.1:{port}")
    assert ended.returncode == 75
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_names_every_command(bare: Runs) -> None:
    shown = bare("--help")
    assert shown.returncode == 0
    assert all(word in shown.stdout for word in ("run", "pause", "resume", "reduce", "flatten", "accept"))
