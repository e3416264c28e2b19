"""How a record is printed."""

from local.tail import line


def test_json_is_printed_as_it_is() -> None:
    assert line(b'{"type":"tick","symbol":"BTC\\u00b7USD"}') == '{"type":"tick","symbol":"BTC\\u00b7USD"}'


def test_json_over_several_lines_is_printed_on_one() -> None:
    assert line(b'{\n"a": 1\n}') == '{ "a": 1 }'


def test_what_is_no_json_is_printed_as_a_json_string() -> None:
    assert line(b'say "hi"\n\xff') == '"say \\"hi\\"\\n\\\\xff"'


def test_empty_record_is_null() -> None:
    assert line(None) == "null"
