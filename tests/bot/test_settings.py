"""The bot's settings: paper by default, real money only by two switches, keys never shown."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.settings import BotSettings, IdentitySettings
from pipeline.errors import WrongSettings
from pipeline.settings import load

KEYS = {"BOT_API_KEY": "account-Visible", "BOT_API_SECRET": "SecretSecret"}
LIVE = {"BOT_MODE": "live", "BOT_LIVE_CONFIRMED": "I accept real losses", **KEYS}


def read(**environ: str) -> BotSettings:
    return load(BotSettings, environ)


def test_defaults_are_paper_and_the_books_numbers() -> None:
    settings = read()
    assert settings.bot_mode == "paper"
    assert (settings.bot_trade_fraction, settings.limits.ratio_min, settings.limits.ratio_max) == (
        Decimal("0.9"),
        Decimal("0.1"),
        Decimal(2),
    )
    assert settings.author.bot == "bot1-paper-btcusd"
    assert settings.forecast_path == Path("state/forecast/forecast.csv")


@pytest.mark.parametrize("mode", ["simulator", "sandbox", "live"])
def test_every_mode_but_paper_needs_keys(mode: str) -> None:
    with pytest.raises(WrongSettings, match=f"BOT_MODE={mode} needs BOT_API_KEY or BOT_API_KEY_FILE.*BOT_API_SECRET"):
        read(BOT_MODE=mode, BOT_LIVE_CONFIRMED="I accept real losses")


@pytest.mark.parametrize("confirmed", ["", "yes", "i accept real losses", "I accept real losses "])
def test_live_needs_the_second_switch_to_the_letter(confirmed: str) -> None:
    with pytest.raises(WrongSettings, match="trades real money: it needs BOT_LIVE_CONFIRMED"):
        read(**LIVE | {"BOT_LIVE_CONFIRMED": confirmed})


def test_second_switch_alone_trades_nothing_real() -> None:
    assert read(BOT_LIVE_CONFIRMED="I accept real losses").bot_mode == "paper"


def test_both_switches_trade_at_geminis_address() -> None:
    assert read(**LIVE).api_url == "https://api.gemini.com"


def test_live_does_not_run_on_a_clock_of_its_own() -> None:
    with pytest.raises(WrongSettings, match="CLOCK_ANCHOR_MS"):
        read(**LIVE, CLOCK_ANCHOR_MS="1767225600000")


@pytest.mark.parametrize(
    ("mode", "url"),
    [
        ("sandbox", "https://api.gemini.com"),
        ("sandbox", "http://api.sandbox.gemini.com"),
        ("sandbox", "https://api.sandbox.gemini.com.example.org"),
        ("live", "https://api.sandbox.gemini.com"),
        ("live", "http://127.0.0.1:8181"),
        ("simulator", "https://api.gemini.com"),
        ("simulator", "https://API.Sandbox.GEMINI.com"),
        ("simulator", "127.0.0.1:8181"),
    ],
)
def test_address_of_another_mode_is_refused(mode: str, url: str) -> None:
    with pytest.raises(WrongSettings, match="BOT_API_URL"):
        read(**LIVE | {"BOT_MODE": mode, "BOT_API_URL": url})


@pytest.mark.parametrize(
    ("mode", "url"),
    [("sandbox", "https://api.sandbox.gemini.com"), ("simulator", "http://127.0.0.1:8181")],
)
def test_each_mode_knows_its_address(mode: str, url: str) -> None:
    assert read(BOT_MODE=mode, **KEYS).api_url == url


def test_keys_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("account-FromFile\n")
    (tmp_path / "secret").write_text("  FromFile  ")
    settings = read(
        BOT_MODE="sandbox", BOT_API_KEY_FILE=str(tmp_path / "key"), BOT_API_SECRET_FILE=str(tmp_path / "secret")
    )
    assert settings.keys() == ("account-FromFile", "FromFile")


@pytest.mark.parametrize("content", [None, "", "two words", "line\nline"])
def test_key_file_that_is_none_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
    settings = read(BOT_MODE="sandbox", BOT_API_KEY_FILE=str(path), BOT_API_SECRET="s")
    with pytest.raises(WrongSettings, match="BOT_API_KEY_FILE"):
        settings.keys()


def test_key_given_twice_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match="both set") as caught:
        read(BOT_MODE="sandbox", BOT_API_KEY_FILE=str(tmp_path), **KEYS)
    assert "account-Visible" not in str(caught.value)


def test_keys_are_in_no_text_of_the_settings() -> None:
    settings = read(**LIVE)
    assert "Visible" not in f"{settings} {settings!r} {settings.model_dump()}"
    assert "SecretSecret" not in f"{settings} {settings!r} {settings.model_dump()}"


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(WrongSettings) as caught:
        read(BOT_TRADE_FRACTION="1.1", BOT_RATIO_MIN="x", BOT_NAME="much-too-long", BOT_MODE="real")
    assert all(name in str(caught.value) for name in ("BOT_TRADE_FRACTION", "BOT_RATIO_MIN", "BOT_NAME", "BOT_MODE"))


def test_symbol_of_another_exchange_is_for_paper_alone() -> None:
    assert load(BotSettings, {"BOT_SYMBOL": "krw-btc"}).bot_symbol == "KRW-BTC"
    keys = {"BOT_API_KEY": "k", "BOT_API_SECRET": "s"}
    with pytest.raises(WrongSettings, match="BOT_SYMBOL=BTC-USD: BOT_MODE=sandbox trades symbols of Gemini"):
        load(BotSettings, keys | {"BOT_MODE": "sandbox", "BOT_SYMBOL": "BTC-USD"})


def test_bounds_must_be_in_order() -> None:
    with pytest.raises(WrongSettings, match="BOT_RATIO_MIN must be less"):
        read(BOT_RATIO_MIN="2", BOT_RATIO_MAX="2")


def test_pausing_a_live_bot_needs_neither_keys_nor_confirmation() -> None:
    assert load(IdentitySettings, {"BOT_MODE": "live"}).author.bot == "bot1-live-btcusd"
