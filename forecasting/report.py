"""What the commands tell: sentences made of figures, pure."""

from pathlib import Path

from forecasting.evaluation import LONG_SHARE, LONG_SOURCE, Measure
from forecasting.history import HistorySummary
from forecasting.history_columns import utc
from forecasting.model import DAY, FitSettings, FittedModel
from market.fees import GEMINI_TAKER_BPS, round_trip
from market.forecast import ForecastTable

SHORT_DAYS = 7


def history_lines(path: Path, found: HistorySummary) -> list[str]:
    """What the file holds and what it lacks."""
    lines = [f"{path.name}: {found.rows:,} minutes from {utc(found.first)} to {utc(found.last)}"]
    if found.gaps:
        lines.append(
            f"{found.gaps:,} gaps, {found.missing:,} minutes missing; the longest {found.longest_gap / 60:,.1f} h "
            f"from {utc(found.longest_gap_start)}"
        )
    else:
        lines.append("no gaps")
    lines.append(f"{found.empty:,} minutes without a trade (NaN)")
    short = short_history(found.first, found.last)
    return [*lines, short] if short else lines


def short_history(first: int, last: int) -> str | None:
    """What to think of a history from `first` to `last` (epoch seconds) that is short; None when it is not."""
    hours = (last + 60 - first) / 3600  # to the end of the last minute
    if hours >= SHORT_DAYS * 24:
        return None
    unseen = (
        "not one whole week" if hours >= 48 else "no two days, so it knows a trend and nothing of the hours of a day"
    )
    return f"a SHORT history, {hours:.1f} h: a forecast made of it has seen {unseen}"


def model_lines(model: FittedModel) -> list[str]:
    """What was fitted."""
    return [f"{model.settings.label}, {model.points:,} points"]


def forecast_lines(table: ForecastTable, now_ms: int) -> list[str]:
    """What the table covers, and whether that is any use now."""
    lines = [
        f"{len(table):,} minutes from {utc(table.first // 1000)} to {utc(table.last // 1000)}; "
        f"{100 * table.buys / len(table):.1f} % say buy"
    ]
    if table.last < now_ms:
        lines.append(
            f"it ends before now ({utc(now_ms // 1000)}): a bot that runs now finds no row and opens no position; "
            "train on newer history, or predict more with --periods"
        )
    elif table.first > now_ms:
        lines.append(f"it starts after now ({utc(now_ms // 1000)}): until then the bot opens no position")
    return lines


def measure_lines(measured: Measure | None, settings: FitSettings) -> list[str]:
    """The short measure beside the long one and the fees: what is honest to expect."""
    lines = ["nothing was held out, so nothing was measured on this history"]
    if measured is not None:
        days = (measured.last + 60 - measured.first) / DAY
        lines = [
            f"{measured.right_percent:.2f} % of {measured.minutes:,} unseen minutes went the forecast's way "
            f"({days:.1f} days held out)",
            f"chance gives 50 ± {measured.standard_error:.2f} %, always buying {measured.rising_percent:.2f} %",
        ]
        if settings.cycle_seconds is not None:
            lines.append("this market is SIMULATED: the share tells whether its cycle was learned, no more")
        lines.append(
            f"a typical minute here moves {measured.typical_move:.3f} %, "
            f"buying and selling again costs about {100 * round_trip(GEMINI_TAKER_BPS):.1f} % in fees"
        )
    lines.append(f"over the long run it is {LONG_SHARE:.1f} %: {LONG_SOURCE}")
    return lines


def titled(title: str, lines: list[str]) -> str:
    """A paragraph: the title beside the first line, the others below it."""
    return "\n".join(f"{title if place == 0 else '':<10}{line}" for place, line in enumerate(lines))
