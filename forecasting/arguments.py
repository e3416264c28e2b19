"""The command line: what can be asked for, and what a wrong argument is told."""

import argparse
import re
from pathlib import Path

from forecasting.history import MINUTE
from forecasting.model import DAY, FitSettings

_SPAN = re.compile(r"([0-9]{1,7})(min|h|d)?")
_UNITS = {None: MINUTE, "min": MINUTE, "h": 3600, "d": DAY}
# Two years of minutes; the book predicts 150,000.
MOST_MINUTES = 1_051_200
REAL_RESAMPLE = 15 * MINUTE
PUBLISH = "tell the topic `forecasts` too (KAFKA_BOOTSTRAP)"


def minutes(text: str) -> int:
    """A span such as `30d`, `12h`, `90min`, or a plain number of minutes. Raises ArgumentTypeError."""
    match = _SPAN.fullmatch(text)
    count = int(match[1]) * _UNITS[match[2]] // MINUTE if match else 0
    if not 1 <= count <= MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1 to {MOST_MINUTES} minutes, such as 30d, 12h or 90min")
    return count


def resample_seconds(text: str) -> int:
    """The span of a training point, `1min` to `1440min`. Raises ArgumentTypeError."""
    match = re.fullmatch(r"([0-9]{1,4})min", text)
    if not match or not 1 <= int(match[1]) <= 1440:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1min to 1440min, such as 15min")
    return int(match[1]) * MINUTE


def cycle_seconds(text: str) -> int:
    """The period of a simulated market's cycle, at least three minutes. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 3 * MINUTE <= int(text) <= DAY:
        raise argparse.ArgumentTypeError(f"{text!r}: expected {3 * MINUTE} to {DAY} seconds, such as 720")
    return int(text)


def days(text: str) -> float:
    """Days to hold out, 0 for none. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of days, such as 7 or 0.5")
    return float(text)


def fit_settings(arguments: argparse.Namespace) -> FitSettings:
    """How to fit, the history not yet seen: what was asked for, or single minutes when there is a cycle to learn.

    Raises ArgumentTypeError.
    """
    cycle: int | None = arguments.cycle
    resample: int = arguments.resample or (MINUTE if cycle else REAL_RESAMPLE)
    if cycle and resample * 3 > cycle:
        raise argparse.ArgumentTypeError(
            f"means over {resample} s cannot show a cycle of {cycle} s: --resample must be at most a third of --cycle"
        )
    return FitSettings(resample_seconds=resample, cycle_seconds=cycle)


def parser() -> argparse.ArgumentParser:
    """`train`, `evaluate`, `check`, `candles` and `live`."""
    whole = argparse.ArgumentParser(
        prog="python -m forecasting",
        description="Train Prophet on a history of minutes and write the table of sides that the bot trades by.",
        epilog="HISTORY is a CSV in the layout of Kaggle's Bitstamp set, also as .csv.gz or .zip.",
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="fit, predict, measure, write the table, the model and the plot")
    _add_history(train)
    _add_fit(train)
    train.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: forecast/ in STATE_DIR)")
    train.add_argument(
        "--periods", type=minutes, default=30 * DAY // MINUTE, metavar="SPAN",
        help="how far to predict: 30d (default), 12h, or a number of minutes",
    )  # fmt: skip
    train.add_argument("--publish", action="store_true", help=PUBLISH)
    train.add_argument("--exchange", default="gemini", help="the exchange it is for (default: gemini)")
    train.add_argument("--symbol", default="BTCUSD", help="the symbol it is for (default: BTCUSD)")

    evaluate = commands.add_parser("evaluate", help="only measure: how many unseen minutes have the right side")
    _add_history(evaluate)
    _add_fit(evaluate)

    check = commands.add_parser("check", help="only read and check the history, and say what it holds")
    _add_history(check)

    candles = commands.add_parser(
        "candles", help="fetch Gemini's minute candles and add them to a history",
        description="Fetches the minute candles that Gemini has (about the last day; CANDLES_URL) and adds them to a "
        "file that `train` reads: run again in time, it grows without a hole. No key is needed.",
    )  # fmt: skip
    _add_symbol(candles)
    candles.add_argument("--out", type=Path, required=True, metavar="CSV", help="the history; made, or added to")

    live = commands.add_parser(
        "live", help="fetch candles and train, again and again: the forecast of a bot on live data",
        description="Keeps a history of Gemini's minute candles and trains on it, until stopped. The first forecast is "
        "made of about a day, which is said; it is made anew as the history grows. Until there is one the bot opens "
        "nothing. An exchange that cannot be reached is tried again and again; with --once a few times.",
    )  # fmt: skip
    _add_symbol(live)
    live.add_argument(
        "--history", type=Path, metavar="CSV", help="the history (default: candles/SYMBOL.csv in STATE_DIR)"
    )
    live.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: forecast/ in STATE_DIR)")
    live.add_argument(
        "--periods", type=minutes, default=DAY // MINUTE, metavar="SPAN", help="how far to predict (default: 1d)"
    )
    live.add_argument("--every", type=minutes, default=30, metavar="SPAN", help="how often to train (default: 30min)")
    live.add_argument("--holdout-days", type=days, default=0.25, metavar="DAYS", help="as of `train` (default: 0.25)")
    live.add_argument("--publish", action="store_true", help=PUBLISH)
    live.add_argument("--exchange", default="gemini", help="the exchange it is for (default: gemini)")
    live.add_argument("--once", action="store_true", help="train once and end")
    return whole


def symbol(text: str) -> str:
    """A symbol in upper case. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[A-Za-z0-9]{3,12}", text):
        raise argparse.ArgumentTypeError(f"{text!r}: expected one symbol, such as BTCUSD")
    return text.upper()


def _add_symbol(command: argparse.ArgumentParser) -> None:
    command.add_argument("--symbol", type=symbol, default="BTCUSD", help="whose candles (default: BTCUSD)")


def _add_history(command: argparse.ArgumentParser) -> None:
    command.add_argument("--history", type=Path, required=True, metavar="FILE", help="the minutes to learn from")


def _add_fit(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--resample", type=resample_seconds, metavar="SPAN",
        help="fit on means over this span (default: 15min, less for a short history; 1min with --cycle)",
    )  # fmt: skip
    command.add_argument(
        "--cycle", type=cycle_seconds, metavar="SECONDS",
        help="the history is SIMULATED and has a cycle of this period, counted from the Unix epoch: learn it too",
    )  # fmt: skip
    command.add_argument(
        "--holdout-days", type=days, default=7.0, metavar="DAYS",
        help="days to hold out for the measure, at most a quarter of the history (default: 7; 0: none)",
    )  # fmt: skip
