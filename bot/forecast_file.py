"""The forecast's file, read again whenever it changes. What is wrong with it is a reason to open no position."""

from pathlib import Path

from market.forecast import ForecastTable, MalformedForecast, parse_table

LARGEST_BYTES = 256 << 20


class ForecastFile:
    """Called, it gives the table as the file is now, or in words why there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._table: ForecastTable | str = ""

    def __call__(self) -> ForecastTable | str:
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                self._table = self._read(status.st_size)
                self._seen = seen
        except FileNotFoundError:
            self._seen = None
            return f"there is no forecast at {self._path} (make forecast trains one)"
        except OSError as error:
            self._seen = None
            return f"the forecast at {self._path} cannot be read: {error.strerror}"
        return self._table

    def _read(self, size: int) -> ForecastTable | str:
        if size > LARGEST_BYTES:
            return f"the forecast at {self._path} has {size} bytes; at most {LARGEST_BYTES} are read"
        try:
            return parse_table(self._path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            return f"the forecast at {self._path} is no text: {error.reason} at byte {error.start}"
        except MalformedForecast as error:
            return f"the forecast at {self._path} is malformed: {error}"
