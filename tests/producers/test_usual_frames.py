"""Frames that are read by their layout, in one go: what comes out is what the general parser makes of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random

import pytest

from market import levels
from producers.errors import MalformedFrame
from producers.protocol import Frame
from producers.protocols import PROTOCOLS
from tests.producers.driven import Driven
from tests.producers.mutations import mutated

needs_compiled = pytest.mark.skipif(not levels.ARE_COMPILED, reason="nothing was compiled on this machine")
with_layout = pytest.mark.parametrize(
    ("exchange", "protocol"),
    [
        ("gemini", "streams"),
        ("gemini", "v2"),
        ("coinbase", "advanced"),
        ("coinbase", "exchange"),
        ("binance", "diff"),
        ("binance", "depth5"),
        ("upbit", "default"),
        ("upbit", "simple"),
    ],
)


def general_parser(exchange: str, protocol: str) -> Callable[[bytes], Frame]:
    """That of the same protocol, which knows no layout."""
    parse = PROTOCOLS[exchange][protocol].parse
    parse_any: Callable[[bytes], Frame] = getattr(parse, "__self__", sys.modules[parse.__module__]).parse_any
    return parse_any


def read(parse: Callable[[bytes], Frame], payload: bytes) -> Frame | None:
    try:
        return parse(payload)
    except MalformedFrame:
        return None


@needs_compiled
@with_layout
def test_change_of_a_level_is_read_by_its_layout_and_means_the_same(exchange: str, protocol: str) -> None:
    from market.compiled.level_changes import LevelChanges
    from market.compiled.level_list import LevelList

    driven = Driven(exchange, protocol)
    payload = driven.maker.change("ask", "102.50", "0.00", driven.time)
    frame = PROTOCOLS[exchange][protocol].parse(payload)
    (news,) = frame.news
    assert isinstance(news.bids if news.book == "whole" else news.changes, LevelList | LevelChanges)
    assert frame == general_parser(exchange, protocol)(payload)


@needs_compiled
@with_layout
def test_frame_that_is_nearly_right_means_the_same_to_both_parsers(exchange: str, protocol: str) -> None:
    random = Random(f"{exchange} {protocol}")
    driven = Driven(exchange, protocol)
    parse, parse_any = PROTOCOLS[exchange][protocol].parse, general_parser(exchange, protocol)
    changes = [driven.maker.change("bid", "97", f"{size}.5", driven.time) for size in range(3)]
    # One character is wrong, or missing, or there twice: nearly every one of them is told from the layout.
    for payload in changes:
        for place in range(len(payload)):
            for wrong in (b"", b'"', b"0", b".", b"-", b" ", b"]", payload[place : place + 1] * 2):
                nearly = payload[:place] + wrong + payload[place + 1 :]
                assert read(parse, nearly) == read(parse_any, nearly), nearly
    for _ in range(2_000):
        payload = mutated(random.choice(changes), changes[0], random)
        assert read(parse, payload) == read(parse_any, payload), payload
