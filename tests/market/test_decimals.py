"""Prices and sizes: what fits decimal(18,8) and decimal(19,10) is exact, all else is refused."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.decimals import PLACES_8, PLACES_12, PRICE_TICKS, check_sizes, exact_price, exact_size, plain, rounded
from market.errors import OutOfRange

NEVER = ["", " ", "1 ", "+1", "-1", "1e3", "1E-8", ".5", "5.", "1,5", "0x10", "NaN", "Infinity", "1\n", "٣", "1_000"]


@pytest.mark.parametrize("text", NEVER)
def test_what_is_not_plain_digits_is_neither_price_nor_size(text: str) -> None:
    with pytest.raises(OutOfRange, match="plain digits"):
        exact_price(text)
    with pytest.raises(OutOfRange, match="plain digits"):
        exact_size(text)


@pytest.mark.parametrize("value", [None, 1, 1.5, b"1", ["1"]])
def test_what_is_not_text_is_refused(value: object) -> None:
    with pytest.raises(OutOfRange):
        exact_price(value)  # type: ignore[arg-type]


def test_price_fits_ten_digits_before_and_eight_after_the_point() -> None:
    assert exact_price("9999999999.99999999") == Decimal("9999999999.99999999")
    assert exact_price("0.00000001") == Decimal("1E-8")
    for text in ("10000000000", "0.000000001", "1.123456789"):
        with pytest.raises(OutOfRange, match="at most 10 before and 8 after"):
            exact_price(text)


def test_size_fits_nine_digits_before_and_ten_after_the_point() -> None:
    assert exact_size("999999999.9999999999") == Decimal("999999999.9999999999")
    assert exact_size("0") == 0
    for text in ("1000000000", "0.00000000001"):
        with pytest.raises(OutOfRange, match="at most 9 before and 10 after"):
            exact_size(text)


def test_zeros_that_change_nothing_are_accepted() -> None:
    assert exact_price("007.1234567800000") == Decimal("7.12345678")
    assert exact_size("0000000000001.50") == Decimal("1.5")


@pytest.mark.parametrize("text", ["0", "0.00", "0.00000000"])
def test_price_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(OutOfRange, match="more than 0"):
        exact_price(text)


def test_error_shows_only_the_beginning_of_a_huge_text() -> None:
    with pytest.raises(OutOfRange) as caught:
        exact_price("9" * 1_000_000)
    assert len(str(caught.value)) < 300


@given(st.integers(1, 10**18 - 1))
def test_every_decimal_18_8_is_read_exactly_and_written_back(units: int) -> None:
    text = f"{units // 10**8}.{units % 10**8:08d}"
    price = exact_price(text)
    assert Fraction(price) == Fraction(units, 10**8)
    assert plain(price) == text


@given(st.integers(0, 10**19 - 1))
def test_every_decimal_19_10_is_read_exactly_and_written_back(units: int) -> None:
    text = f"{units // 10**10}.{units % 10**10:010d}"
    size = exact_size(text)
    assert Fraction(size) == Fraction(units, 10**10)
    assert plain(size) == text


@given(st.text(max_size=30))
def test_any_text_is_a_price_of_plain_digits_or_refused(text: str) -> None:
    try:
        price = exact_price(text)
    except OutOfRange:
        return
    assert set(text) <= set("0123456789.")
    assert 0 < price < 10**10


def test_half_is_rounded_up() -> None:
    assert plain(rounded(Decimal("0.000000005"), PLACES_8)) == "0.00000001"
    assert plain(rounded(Decimal("0.0000000049999"), PLACES_8)) == "0.00000000"
    assert plain(rounded(Decimal("2.0000000000025"), PLACES_12)) == "2.000000000003"


def test_plain_never_shows_an_exponent() -> None:
    assert plain(Decimal("1E-8")) == "0.00000001"
    assert plain(Decimal("1E+3")) == "1000"
    assert plain(Decimal("0E-12")) == "0.000000000000"


SIZE_TEXTS = st.sampled_from(
    [
        "1",
        "0",
        "0.00",
        "12.5",
        "007",
        "1.00000000000",
        "",
        "1,2",
        ",",
        "1.2.3",
        "1.",
        ".5",
        "-1",
        "1e3",
        "1234567890",
        "٣",
    ]
)


@given(st.lists(SIZE_TEXTS | st.from_regex(r"\d{1,9}(\.\d{1,10})?", fullmatch=True), max_size=5))
def test_many_sizes_at_once_are_refused_where_one_of_them_is(texts: list[str]) -> None:
    def refusal(check: Callable[[], object]) -> str:
        try:
            check()
        except OutOfRange as error:
            return str(error)
        return ""

    assert refusal(lambda: check_sizes(texts)) == refusal(lambda: [exact_size(text) for text in texts])


@pytest.mark.parametrize("text", ["0.5", "0.00000001", "00.5", "007", "0000000001"])
def test_ticks_of_a_price_below_one_are_exact(text: str) -> None:
    assert PRICE_TICKS[text] == exact_price(text) * 10**8


@pytest.mark.parametrize("text", ["0", "0.0", "0.00000000", "00", "000.000"])
def test_no_spelling_of_nothing_is_a_price(text: str) -> None:
    with pytest.raises(OutOfRange):
        PRICE_TICKS[text]
