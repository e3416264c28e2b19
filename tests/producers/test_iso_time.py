"""Times as Coinbase writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.errors import WrongTime
from producers.iso_time import EPOCH_MS

NOON = 1_767_225_600_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-01-01T00:00:00Z", NOON),
        ("2026-01-01T00:00:00.8Z", NOON + 800),
        ("2026-01-01T00:00:00.818Z", NOON + 818),
        ("2026-01-01T00:00:00.075687Z", NOON + 75),
        ("2026-01-01T00:00:00.27841Z", NOON + 278),
        ("2026-01-01T00:00:00.483999999Z", NOON + 483),
        ("2026-01-01T00:00:00.075687+00:00", NOON + 75),
        ("2026-01-01 00:00:00.5Z", NOON + 500),
        ("1970-01-01T00:00:01.5Z", 1_500),
        ("0001-01-01T00:00:00.000000Z", None),
        ("0001-01-01T00:00:00Z", None),
    ],
)
def test_time_is_read_in_whole_milliseconds_and_year_one_is_none(text: str, ms: int | None) -> None:
    assert EPOCH_MS[text] == ms
    assert EPOCH_MS[text] == ms  # as it is remembered


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.5",
        "2026-01-01T00:00:00+02:00",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:01Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T00:00:00.1234567890123456789Z",
        "٢٠٢٦-01-01T00:00:00Z",
        " 2026-01-01T00:00:00Z",
        "x" * 100_000,
    ],
    ids=lambda text: text[:30],
)
def test_text_that_is_no_utc_time_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(WrongTime) as refused:
        EPOCH_MS[text]
    assert text[:19] in str(refused.value)
    assert len(str(refused.value)) < 300


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.timedeltas(timedelta(0), timedelta(days=50_000)), st.integers(0, 9))
def test_any_time_is_what_the_standard_library_makes_of_it(since: timedelta, digits: int) -> None:
    time = EPOCH + since
    fraction = f"{time.microsecond:06d}000"[:digits]
    text = f"{time:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}Z"
    kept = time.replace(microsecond=int(fraction.ljust(6, "0")[:6]))
    assert EPOCH_MS[text] == (kept - EPOCH) // timedelta(milliseconds=1)
