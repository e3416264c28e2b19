"""Settings: every wrong one is named at once with what was expected, and no secret is ever shown."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from pipeline.errors import WrongSettings
from pipeline.settings import PartSettings, load


class TraderSettings(PartSettings):
    """A part with settings of its own."""

    trader_key: SecretStr | None = Field(default=None, min_length=8, description="the exchange's API key")
    trader_pin: SecretStr = Field(default=SecretStr("0000"), max_length=4, description="four digits")
    trader_share: float = Field(default=0.9, gt=0, le=1, description="share of the balance that an order takes")


def test_without_anything_given_everything_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    settings = load(TraderSettings, {})
    assert settings.log_level == "info"
    assert settings.kafka_bootstrap.startswith("127.0.0.1:")
    assert settings.state_dir == Path("state")
    assert settings.trader_key is None
    assert settings.clock().speed == 1.0


def test_environment_wins_over_the_file_and_empty_counts_as_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("TRADER_SHARE=0.5\nLOG_LEVEL=error\nOTHER=1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("TRADER_SHARE", "TRADER_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("STATE_DIR", "")
    settings = load(TraderSettings)
    assert (settings.trader_share, settings.log_level, settings.state_dir) == (0.5, "debug", Path("state"))


def test_every_wrong_setting_is_named_with_its_value_and_what_was_expected() -> None:
    with pytest.raises(WrongSettings) as caught:
        load(
            TraderSettings, {"TRADER_SHARE": "1.5", "LOG_LEVEL": "loud", "KAFKA_BOOTSTRAP": "kafka", "CLOCK_SPEED": "x"}
        )
    text = str(caught.value)
    assert "TRADER_SHARE=1.5: Input should be less than or equal to 1 (share of the balance" in text
    assert "LOG_LEVEL=loud: Input should be 'debug', 'info', 'warning' or 'error'" in text
    assert "KAFKA_BOOTSTRAP=kafka: expected host:port, several separated by commas" in text
    assert "CLOCK_SPEED=x: Input should be a valid number" in text


def test_value_of_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(WrongSettings) as caught:
        load(TraderSettings, {"TRADER_KEY": "hunter2", "TRADER_PIN": "12345678"})
    text = str(caught.value)
    assert "TRADER_KEY: " in text
    assert "TRADER_PIN: " in text
    assert "hunter2" not in text
    assert "12345678" not in text


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = load(TraderSettings, {"TRADER_KEY": "hunter2hunter2"})
    assert settings.trader_key is not None
    assert settings.trader_key.get_secret_value() == "hunter2hunter2"
    assert "hunter2" not in f"{settings} {settings!r} {settings.model_dump_json()}"


@pytest.mark.parametrize("bootstrap", ["127.0.0.1:9092", "a.example:1,b.example:65535", "[::1]:9092", "a:1, b:2"])
def test_addresses_of_brokers_are_accepted(bootstrap: str) -> None:
    assert load(PartSettings, {"KAFKA_BOOTSTRAP": bootstrap}).kafka_bootstrap == bootstrap


@pytest.mark.parametrize(
    "bootstrap", ["host", "host:", ":9092", "host:0", "host:65536", "host:9092,", "kafka://host:9092"]
)
def test_what_is_no_address_is_refused(bootstrap: str) -> None:
    with pytest.raises(WrongSettings, match="host:port"):
        load(PartSettings, {"KAFKA_BOOTSTRAP": bootstrap})


def test_fast_clock_without_an_anchor_is_refused_in_words() -> None:
    with pytest.raises(WrongSettings, match="CLOCK_SPEED other than 1 needs CLOCK_ANCHOR_MS"):
        load(PartSettings, {"CLOCK_SPEED": "4"})


def test_clock_follows_its_settings() -> None:
    settings = load(PartSettings, {"CLOCK_SPEED": "4", "CLOCK_ANCHOR_MS": "1000", "CLOCK_START_MS": "500"})
    assert settings.clock().speed == 4.0


def test_file_that_is_not_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_bytes(b"LOG_LEVEL=\xff\xfe\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongSettings, match=r"\.env"):
        load(PartSettings)


def test_overrides_win_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    assert load(PartSettings, log_level="error").log_level == "error"
    assert load(PartSettings, {"LOG_LEVEL": "info"}, log_level="error").log_level == "error"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(PartSettings, {}).log_level = "debug"  # type: ignore[misc]
