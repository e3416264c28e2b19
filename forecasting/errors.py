"""What can go wrong, by what the caller can do about it."""

from pathlib import Path

from pipeline.errors import EXIT_BUG, EXIT_CONFIG, EXIT_RESTART, PipelineError


class ForecastingError(PipelineError):
    """Base of all errors of this part; its text is one clear sentence."""

    exit_code = EXIT_CONFIG


class HistoryRefused(ForecastingError):
    """The history is not what it should be: mend the file. `line` and `column` count from 1, 0 = the whole file."""

    def __init__(self, path: Path, reason: str, line: int = 0, column: int = 0) -> None:
        self.path = path
        self.line = line
        self.column = column
        self.reason = reason
        where = f", line {line}, column {column}" if line else ""
        super().__init__(f"{path}{where}: {reason}")


class TooLittleHistory(ForecastingError):
    """The history is sound but too short to train on: give a longer one."""


class FitFailed(ForecastingError):
    """The model found no sensible curve: try another stretch of history or another resampling."""

    exit_code = EXIT_BUG


class CannotWrite(ForecastingError):
    """The output folder cannot be written to: choose another, or make room."""


class ExchangeAway(ForecastingError):
    """The exchange gives no candles now: try again, `after` so many seconds where it asks for a pause (exit 75)."""

    exit_code = EXIT_RESTART

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class MalformedCandles(ExchangeAway):
    """What came are no candles as the exchange documents them; nothing of it was kept."""


class CandlesRefused(ForecastingError):
    """The exchange will never answer this: the symbol, the address or the certificate is wrong."""
