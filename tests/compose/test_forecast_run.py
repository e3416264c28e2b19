"""How the forecast of a run in containers is made, and when it is due."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from compose.forecast_run import (
    HOUR_MS,
    Step,
    forget_forecast,
    is_due,
    is_of_another_market,
    make_forecast,
    only_maker,
    serves,
    steps,
)
from compose.settings import ComposeSettings
from forecasting.arguments import parser
from local.forecast_kept import forecast_folder, table_file
from pipeline.errors import GaveUp, TemporarilyUnavailable
from pipeline.settings import load
from tests.local.test_forecast_kept import leave_forecast
from tests.local.test_trading_screen import ORIGIN

PROFILES = pytest.mark.parametrize("profile", ["", "simulator"])


def settings(state: Path, profile: str = "simulator", **more: str) -> ComposeSettings:
    return load(ComposeSettings, {"STATE_DIR": str(state), "COMPOSE_PROFILES": profile, **more})


class Runner:
    """Takes steps and answers with an exit code; `act` is what a step does."""

    def __init__(self, code: int = 0, act: Callable[[], None] = lambda: None) -> None:
        self.ran: list[Step] = []
        self._code = code
        self._act = act

    def __call__(self, step: Step) -> int:
        self.ran.append(step)
        self._act()
        return self._code


def now(state: Path) -> int:
    return settings(state).clock().wall_ms()


def keep(state: Path, cycle: int | None, age_hours: float = 1, hours_left: float = 48) -> None:
    """Leaves a forecast that was made so long ago and reaches so far."""
    origin = msgspec.structs.replace(
        ORIGIN,
        cycle_seconds=cycle,
        event_time=now(state) - int(age_hours * HOUR_MS),
        first=now(state) - int(age_hours * HOUR_MS),
        last=now(state) + int(hours_left * HOUR_MS),
    )
    forecast_folder(state).mkdir(exist_ok=True)
    leave_forecast(state, origin)


def test_simulated_market_is_taught_its_cycle(tmp_path: Path) -> None:
    history, train = steps(settings(tmp_path))
    assert history[:2] == ("simulator", "history")
    known = parser().parse_args(train[1:])
    assert known.cycle == 720
    assert str(known.history) == history[history.index("--out") + 1]
    assert known.out == forecast_folder(tmp_path)
    assert known.publish


def test_real_market_is_learnt_from_its_candles_without_end(tmp_path: Path) -> None:
    (live,) = steps(settings(tmp_path, ""))
    known = parser().parse_args(live[1:])
    assert known.command == "live"
    assert known.once
    assert known.publish
    assert known.periods == 7 * 24 * 60
    assert known.out == forecast_folder(tmp_path)
    assert known.history.parent == forecast_folder(tmp_path)


@PROFILES
def test_every_step_runs_once_in_order(tmp_path: Path, profile: str) -> None:
    runner = Runner()
    make_forecast(settings(tmp_path, profile), runner)
    assert tuple(runner.ran) == steps(settings(tmp_path, profile))


@pytest.mark.parametrize(("code", "error"), [(75, TemporarilyUnavailable), (1, GaveUp), (78, GaveUp), (-9, GaveUp)])
def test_a_step_that_fails_ends_it_with_its_kind(tmp_path: Path, code: int, error: type[Exception]) -> None:
    runner = Runner(code)
    with pytest.raises(error):
        make_forecast(settings(tmp_path), runner)
    assert len(runner.ran) == 1


@PROFILES
def test_forecast_is_of_the_symbol_that_the_bot_trades(tmp_path: Path, profile: str) -> None:
    of_ether = settings(tmp_path, profile, BOT_SYMBOL="ETHUSD")
    for step in steps(of_ether):
        assert step[step.index("--symbol") + 1] == "ETHUSD"
    keep(tmp_path, 720 if profile else None)
    assert is_due(of_ether, now(tmp_path))
    assert is_of_another_market(of_ether)
    assert not is_of_another_market(settings(tmp_path, profile, BOT_SYMBOL="btcusd"))
    assert not is_due(settings(tmp_path, profile, BOT_SYMBOL="btcusd"), now(tmp_path))


@PROFILES
@pytest.mark.parametrize(
    ("age_hours", "hours_left", "expected"), [(1, 48, False), (11.9, 48, False), (1, 11.9, True), (1, -1, True)]
)
def test_forecast_is_due_before_it_ends(
    tmp_path: Path, profile: str, age_hours: float, hours_left: float, *, expected: bool
) -> None:
    keep(tmp_path, 720 if profile else None, age_hours, hours_left)
    assert is_due(settings(tmp_path, profile), now(tmp_path)) is expected
    assert serves(settings(tmp_path, profile), now(tmp_path)) is (hours_left > 0)


@pytest.mark.parametrize(
    ("profile", "renew", "expected"), [("", "12", True), ("", "23", False), ("simulator", "1", False)]
)
def test_forecast_of_a_real_market_is_due_when_it_is_old(
    tmp_path: Path, profile: str, renew: str, *, expected: bool
) -> None:
    keep(tmp_path, 720 if profile else None, age_hours=13)
    assert is_due(settings(tmp_path, profile, FORECAST_RENEW_HOURS=renew), now(tmp_path)) is expected


def test_there_is_none_at_first(tmp_path: Path) -> None:
    assert is_due(settings(tmp_path), now(tmp_path))
    assert not serves(settings(tmp_path), now(tmp_path))


def test_forecast_of_the_other_kind_of_market_is_due(tmp_path: Path) -> None:
    keep(tmp_path, 720)
    assert is_due(settings(tmp_path, ""), now(tmp_path))
    assert is_of_another_market(settings(tmp_path, ""))
    keep(tmp_path, None)
    assert is_due(settings(tmp_path, "simulator"), now(tmp_path))
    assert is_of_another_market(settings(tmp_path, "simulator"))


@pytest.mark.parametrize(("code", "error"), [(75, TemporarilyUnavailable), (70, GaveUp), (-15, GaveUp)])
def test_forecast_that_could_not_be_published_is_due_again_and_the_table_stays(
    tmp_path: Path, code: int, error: type[Exception]
) -> None:
    keep(tmp_path, 720)
    with pytest.raises(error):
        make_forecast(settings(tmp_path), Runner(code, lambda: keep(tmp_path, 720, age_hours=0)))
    assert table_file(tmp_path).exists()
    assert is_due(settings(tmp_path), now(tmp_path))
    assert serves(settings(tmp_path), now(tmp_path))


def test_forecast_stays_when_the_exchange_is_away_and_no_new_one_was_made(tmp_path: Path) -> None:
    keep(tmp_path, None)
    with pytest.raises(TemporarilyUnavailable):
        make_forecast(settings(tmp_path, ""), Runner(75))
    assert serves(settings(tmp_path, ""), now(tmp_path))
    assert not is_due(settings(tmp_path, ""), now(tmp_path))


def test_forecast_that_is_put_away_serves_nobody(tmp_path: Path) -> None:
    keep(tmp_path, 720)
    forget_forecast(settings(tmp_path))
    assert not serves(settings(tmp_path), now(tmp_path))
    assert is_due(settings(tmp_path), now(tmp_path))


def test_only_one_makes_it_at_a_time(tmp_path: Path) -> None:
    mine = settings(tmp_path)

    def wait() -> bool:
        with only_maker(mine, waits=True) as is_mine:
            return is_mine

    with ThreadPoolExecutor(1) as pool:
        with only_maker(mine, waits=False) as first, only_maker(mine, waits=False) as second:
            assert (first, second) == (True, False)
            waiting = pool.submit(wait)
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
        assert waiting.result(30)
