"""Frames of Upbit in both formats: what is read, and what is refused with which reason."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.records import Level
from producers.errors import MalformedFrame
from producers.protocol import QUIET, Frame, News, ParsedTrade, Refusal, Subscription
from producers.protocols import PROTOCOLS
from producers.upbit import UPBIT_DEFAULT, UPBIT_SIMPLE, address
from producers.upbit_units import SIMPLE_NAMES, Units
from tests.producers.upbit_frames import BOOK, FIELDS, TIME, Unit, orderbook, trade

FORMATS = pytest.mark.parametrize("simple", [False, True], ids=["default", "simple"])
# As the exchange sent it in November 2022.
OF_2022 = (
    b'{"type":"orderbook","code":"KRW-BTC","timestamp":1668495774440,"total_ask_size":11.400931790000001,'
    b'"total_bid_size":3.1081664699999996,"orderbook_units":[{"ask_price":2.2855E7,"bid_price":2.2845E7,'
    b'"ask_size":2.21720611,"bid_size":0.00164598},{"ask_price":2.286E7,"bid_price":2.2844E7,"ask_size":2.06000000,'
    b'"bid_size":9.0E-8}],"stream_type":"REALTIME"}'
)


def parse(payload: bytes, *, simple: bool = False) -> Frame:
    return (UPBIT_SIMPLE if simple else UPBIT_DEFAULT).parse(payload)


def news_of(payload: bytes, *, simple: bool = False) -> News:
    (news,) = parse(payload, simple=simple).news
    return news


def refusal(payload: bytes, *, simple: bool = False) -> MalformedFrame:
    with pytest.raises(MalformedFrame) as caught:
        parse(payload, simple=simple)
    return caught.value


def reading(payload: bytes) -> list[object]:
    """What a frame gives in each format: news, or the reason why not. Any other error is a fault."""
    read: list[object] = []
    for protocol in (UPBIT_DEFAULT, UPBIT_SIMPLE):
        try:
            read.append(protocol.parse(payload))
        except MalformedFrame as refused:
            read.append(refused.reason)
    return read


def test_default_format_is_the_first_of_the_exchange() -> None:
    assert list(PROTOCOLS["upbit"]) == ["default", "simple"]


def test_address_is_the_same_for_all() -> None:
    assert address("ws://127.0.0.1:8181/", Subscription(("KRW-BTC",))) == "ws://127.0.0.1:8181/websocket/v1"


@FORMATS
def test_greeting_asks_for_everything_in_one_array(simple: bool) -> None:
    protocol = UPBIT_SIMPLE if simple else UPBIT_DEFAULT
    (message,) = protocol.greeting(Subscription(("KRW-BTC", "USDT-ETC")))
    ticket, *asked, form = json.loads(message)
    codes = ["KRW-BTC", "USDT-ETC"]
    assert len(ticket["ticket"]) == 36
    assert asked == [{"type": "orderbook", "codes": codes}, {"type": "trade", "codes": codes}]
    assert form == {"format": "SIMPLE" if simple else "DEFAULT"}


def test_greeting_without_trades_asks_for_the_order_book_alone() -> None:
    (message,) = UPBIT_DEFAULT.greeting(Subscription(("KRW-BTC",), trades=False))
    assert [part["type"] for part in json.loads(message) if "type" in part] == ["orderbook"]


def test_connections_have_tickets_of_their_own() -> None:
    tickets = {
        json.loads(UPBIT_DEFAULT.greeting(Subscription(symbols))[0])[0]["ticket"]
        for symbols in (("KRW-BTC",), ("KRW-ETH",), ("KRW-BTC", "KRW-ETH"))
    }
    assert len(tickets) == 3


@FORMATS
def test_order_book_is_a_whole_one_in_the_exchanges_digits(simple: bool) -> None:
    units = (("101.50", "100.0", "0.60", "1"), ("102.0", "99.0", "2.06000000", "9.5"))
    assert news_of(orderbook(units, simple=simple), simple=simple) == News(
        symbol="KRW-BTC",
        exchange_time=TIME,
        book="whole",
        asks=(("101.50", "0.60"), ("102.0", "2.06000000")),
        bids=(("100.0", "1"), ("99.0", "9.5")),
    )


def test_exponents_are_written_out_and_no_digit_changes() -> None:
    news = news_of(OF_2022)
    assert news.asks == (("22855000", "2.21720611"), ("22860000", "2.06000000"))
    assert news.bids == (("22845000", "0.00164598"), ("22844000", "0.000000090"))


def test_digits_that_no_float_can_hold_are_kept() -> None:
    news = news_of(orderbook([("1234567890.12345678", "0.1", "123456789.0123456789", "0.3000000001")]))
    assert news.asks == (("1234567890.12345678", "123456789.0123456789"),)


@FORMATS
@pytest.mark.parametrize("nothing", ["0", "0.0", "0E-8", "0.00000000"])
def test_side_of_a_unit_without_price_or_size_is_dropped(simple: bool, nothing: str) -> None:
    units = (BOOK[0], (nothing, "99.0", "5.0", "3.0"), ("103.0", "98.0", "1.0", nothing))
    news = news_of(orderbook(units, simple=simple), simple=simple)
    assert news.asks == (("101.0", "2.0"), ("103.0", "1.0"))
    assert news.bids == (("100.0", "1.0"), ("99.0", "3.0"))


def test_book_without_any_level_is_whole_and_empty() -> None:
    news = news_of(orderbook([]))
    assert (news.book, tuple(news.bids), tuple(news.asks)) == ("whole", (), ())


def test_first_order_book_is_like_any_other() -> None:
    assert news_of(orderbook(first=True)) == news_of(orderbook())


def test_order_and_spelling_of_keys_and_blanks_do_not_matter() -> None:
    units = [dict(zip(reversed(FIELDS), (4.0, 3.0, 100.0, 101.0), strict=True)) | {"brand_new": {"a": [1]}}]
    frame = {"stream_type": "REALTIME", "orderbook_units": units, "code": "KRW-BTC", "type": "orderbook", "level": 0}
    news = news_of(json.dumps(frame, indent=1).encode())
    assert (news.asks, news.bids) == ((("101.0", "3.0"),), (("100.0", "4.0"),))
    assert news.exchange_time is None


def test_microseconds_of_a_usdt_market_are_told_from_milliseconds() -> None:
    assert news_of(orderbook(time=1_691_530_805_062_999)).exchange_time == 1_691_530_805_062


@FORMATS
def test_trade_names_its_maker_although_upbit_names_the_taker(simple: bool) -> None:
    sold = news_of(trade(1767225600000000, "131000000.0", "0.01040133", ask_bid="ASK", simple=simple), simple=simple)
    assert sold == News(
        symbol="KRW-BTC",
        exchange_time=TIME,
        trades=(ParsedTrade(trade_id="1767225600000000", price="131000000.0", size="0.01040133", maker_side="bid"),),
    )
    bought = news_of(trade(ask_bid="BID", simple=simple), simple=simple)
    assert bought.trades[0].maker_side == "ask"
    assert news_of(trade(ask_bid="AUCTION", simple=simple), simple=simple).trades[0].maker_side is None


def test_trade_that_was_there_before_the_subscription_is_history() -> None:
    assert news_of(trade(stream_type="SNAPSHOT")).is_history
    assert not news_of(trade()).is_history


@FORMATS
def test_answer_to_a_ping_is_quiet(simple: bool) -> None:
    assert parse(b'{"status":"UP"}', simple=simple) == QUIET


@FORMATS
def test_error_is_a_refusal_for_good_when_the_question_is_at_fault(simple: bool) -> None:
    wrong = b'{"error":{"name":"NO_CODES","message":"no code"}}'
    assert parse(wrong, simple=simple).refusal == Refusal("NO_CODES: no code", for_good=True)
    busy = b'{"error":{"name":"TOO_MANY_REQUEST","message":"later"}}'
    assert parse(busy, simple=simple).refusal == Refusal("TOO_MANY_REQUEST: later", for_good=False)


@pytest.mark.parametrize("error", [b'"gone"', b"[1]", b"{}", b'{"name":["x"]}', b"1"])
def test_error_of_another_shape_is_a_refusal_too(error: bytes) -> None:
    refused = parse(b'{"error":' + error + b"}").refusal
    assert refused is not None
    assert refused.text
    assert not refused.for_good


def unit(**changed: str) -> Unit:
    ask_price, bid_price, ask_size, bid_size = (
        {**dict(zip(FIELDS, BOOK[0], strict=True)), **changed}[n] for n in FIELDS
    )
    return ask_price, bid_price, ask_size, bid_size


@FORMATS
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"ask_price": "-5.0"}, "-5.0"),
        ({"ask_price": '"101.0"'}, "price"),
        ({"ask_price": "null"}, "null"),
        ({"bid_price": "[1]"}, "price"),
        ({"bid_price": "10000000000.0"}, "10000000000.0"),
        ({"bid_price": "1.000000001"}, "1.000000001"),
        ({"bid_price": "1E400"}, "1E400"),
        ({"bid_price": "1E-999999999999"}, "1E-999999999999"),
        ({"bid_price": "0." + "0" * 90 + "1"}, "price"),
        ({"ask_size": "-1"}, "-1"),
        ({"ask_size": "1E12"}, "1000000000000"),
        ({"bid_size": "true"}, "size"),
        ({"bid_size": "1.00000000001"}, "1.00000000001"),
    ],
    ids=str,
)
def test_wrong_number_spoils_its_book_and_names_the_value(changed: dict[str, str], named: str, simple: bool) -> None:
    refused = refusal(orderbook([*BOOK, unit(**changed)], simple=simple), simple=simple)
    assert named in refused.reason
    assert refused.symbol == "KRW-BTC"
    assert refused.hides_changes


@pytest.mark.parametrize("number", ["01.0", "1.", ".5", "+1.0", "1e", "1.0.0", "--1", "1E+", "NaN", "Infinity"])
def test_what_is_no_json_number_spoils_its_book(number: str) -> None:
    assert refusal(orderbook([unit(ask_size=number)])).hides_changes


@pytest.mark.parametrize(
    "units",
    ["null", "{}", '"text"', "[[]]", "[1]", "[{}]", '[{"ask_price":1.0}]', "[{},{}]", "[{", "[", "[{}", "[]]"],
)
def test_units_of_another_shape_spoil_their_book(units: str) -> None:
    payload = orderbook().replace(b"[", b"\0").split(b"\0")[0] + units.encode() + b"}"
    assert refusal(payload).hides_changes


def test_book_without_units_or_without_code_is_refused() -> None:
    assert "units" in refusal(b'{"type":"orderbook","code":"KRW-BTC"}').reason
    assert "code" in refusal(orderbook(code="")).reason


@pytest.mark.parametrize(
    "fields",
    [
        {"sequential_id": None},
        {"sequential_id": "7"},
        {"sequential_id": True},
        {"sequential_id": 1.5},
        {"trade_price": None},
        {"trade_price": "101.0"},
        {"trade_price": 0},
        {"trade_volume": -1},
        {"trade_volume": []},
        {"code": ""},
    ],
    ids=str,
)
@FORMATS
def test_wrong_trade_is_refused_and_hides_no_change_of_the_book(fields: dict[str, Any], simple: bool) -> None:
    refused = refusal(trade(**fields, simple=simple), simple=simple)
    assert refused.reason
    assert not refused.hides_changes


@pytest.mark.parametrize("time", [-1, 1.5, "1", 10**30, True])
def test_time_that_is_none_spoils_its_frame_but_not_the_name_of_its_symbol(time: object) -> None:
    refused = refusal(orderbook().replace(str(TIME).encode(), json.dumps(time).encode()))
    assert refused.symbol == "KRW-BTC"
    assert refused.hides_changes


@pytest.mark.parametrize(
    "payload",
    [b"", b"not json", b"\xff\xfe\x00", b"null", b"[]", b'"text"', b"{", b"{}", b'{"type":null}', b'{"a":' * 100_000],
    ids=lambda payload: repr(payload[:20]),
)
def test_frame_of_which_nothing_is_known_may_hide_changes(payload: bytes) -> None:
    refused = refusal(payload)
    assert refused.symbol == ""
    assert refused.hides_changes


def test_unknown_type_hides_no_changes() -> None:
    refused = refusal(b'{"type":"ticker","code":"KRW-BTC","trade_price":1.0}')
    assert "ticker" in refused.reason
    assert not refused.hides_changes


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_as_malformed(payload: bytes) -> None:
    assert all(reading(payload))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab€", max_size=4) | st.sampled_from(["orderbook", "trade"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["orderbook_units", "ask_price", "name", "message"]), inner)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*SIMPLE_NAMES, *SIMPLE_NAMES.values(), "status", "error"]), JSON, max_size=6))
def test_any_json_is_read_or_refused_as_malformed(frame: dict[str, Any]) -> None:
    assert all(reading(json.dumps(frame).encode()))


def slowly(units: bytes) -> list[tuple[str, str, str, str]]:
    """What the units hold by the standard library's reading, all numbers as plain text."""
    decoded = json.loads(units, parse_float=lambda text: format(Decimal(text), "f"), parse_int=str)
    return [(unit["ask_price"], unit["bid_price"], unit["ask_size"], unit["bid_size"]) for unit in decoded]


WHOLE = st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal("9999999"), places=8)


@given(st.lists(st.tuples(WHOLE, WHOLE, WHOLE, WHOLE), min_size=1, max_size=15), st.randoms(use_true_random=False))
def test_looked_up_and_decoded_units_are_the_same(numbers: list[tuple[Decimal, ...]], draw: random.Random) -> None:
    def spelled(number: Decimal) -> str:
        return draw.choice(("{:f}", "{:E}", "{:e}", "{:.9f}")).format(number)

    units = [dict(zip(FIELDS, map(spelled, unit), strict=True)) for unit in numbers]
    usual = "[" + ",".join("{" + ",".join(f'"{n}":{v}' for n, v in unit.items()) + "}" for unit in units) + "]"
    blank = usual.replace(":", " : ")
    reader = Units({})
    expected = slowly(usual.encode())
    for text in (usual, usual, blank):
        asks, bids = reader.read(text.encode())
        assert list(zip(*zip(*asks, strict=True), strict=True)) == [(unit[0], unit[2]) for unit in expected]
        assert list(bids) == [(unit[1], unit[3]) for unit in expected]


def as_decimals(levels: Sequence[Level]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(size)) for price, size in levels]


def test_a_mutated_frame_is_read_as_json_says_or_refused() -> None:
    draw = random.Random(20261128)
    frames = [orderbook(), OF_2022, orderbook([unit(ask_price="0.0"), *BOOK])]
    unread = 0
    for _ in range(20_000):
        payload = bytearray(draw.choice(frames))
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(payload))
            payload[at : at + draw.randint(0, 2)] = draw.choice(
                (b"", b"0", b"9", b",", b"{", b"}", b'"', b"-", b"E", b" ")
            )
        try:
            frame = parse(bytes(payload))
        except MalformedFrame:
            unread += 1
            continue
        for news in frame.news:
            shown = json.loads(payload, parse_float=Decimal, parse_int=Decimal)["orderbook_units"]
            levels = [[unit[name] for name in FIELDS] for unit in shown]
            assert as_decimals(news.asks) == [(unit[0], unit[2]) for unit in levels if unit[0] and unit[2]]
            assert as_decimals(news.bids) == [(unit[1], unit[3]) for unit in levels if unit[1] and unit[3]]
    assert 0 < unread < 20_000
