"""Where a demo is shown."""

from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console

from local.demo_output import LiveShow, PlainShow, make_show, write_picture
from local.minutes_seen import Absence
from tests.local.made_up_trading import decision, order, score
from tests.local.test_demo_screen import NOON, ROW, TRADING, VIEW


def console(output: StringIO, terminal: bool) -> Console:
    return Console(file=output, width=120, height=40, force_terminal=terminal, _environ={"TERM": "xterm"})


def test_pipe_gets_plain_lines_and_a_terminal_a_screen() -> None:
    assert isinstance(make_show(console(StringIO(), terminal=False)), PlainShow)
    assert isinstance(make_show(console(StringIO(), terminal=True)), LiveShow)


def test_dumb_terminal_gets_plain_lines() -> None:
    dumb = Console(file=StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    assert isinstance(make_show(dumb), PlainShow)


def test_plain_lines_explain_once_and_then_tell_only_news() -> None:
    output = StringIO()
    show = PlainShow(console(output, terminal=False))
    waiting = replace(VIEW, ratio_seen=False, first_time=None, event_time=None, price=None, counts={}, rows=())
    show.frame(waiting, ())
    assert output.getvalue() == ""
    show.frame(VIEW, ())
    explained = output.getvalue()
    assert "simulated price" in explained
    assert "make status" in explained
    show.frame(VIEW, ())
    assert output.getvalue() == explained
    show.frame(VIEW, (ROW, Absence(NOON, NOON + 60_000, "gemini", "BTCUSD")))
    news = output.getvalue().removeprefix(explained).splitlines()
    assert [line.split(" ", 1)[1].split("  ")[0] for line in news[:2]] == ["2026-01-01 12:00–12:01 BTCUSD"] * 2
    assert "Feed: 1,230 records" in news[2]
    assert all("\x1b" not in line for line in news)


def test_plain_lines_tell_each_decision_order_and_round_and_then_the_account() -> None:
    output = StringIO()
    show = PlainShow(console(output, terminal=False))
    show.frame(TRADING, ())
    explained = output.getvalue()
    assert "Expect losses" in explained
    show.frame(TRADING, (decision(), order("o1"), score("o2")))
    news = [line.split(" ", 1)[1] for line in output.getvalue().removeprefix(explained).splitlines()]
    assert [text.split()[0] for text in news] == ["decision", "order", "round", "Bot:", "Rounds:", "Elasticsearch:"]


def test_screen_shows_what_happens_meanwhile_and_stays_when_it_ends() -> None:
    output = StringIO()
    show = LiveShow(console(output, terminal=True))
    show.say("kafka is up")
    show.frame(VIEW, ())
    show.say("spark was killed by signal 9")
    show.frame(VIEW, (ROW,))
    show.close()
    show.say("Stopped.")
    text = output.getvalue()
    assert text.index("kafka is up") < text.index("Real-Time Crypto")
    assert "spark was killed by signal 9" in text
    assert text.rstrip().endswith("Stopped.")


def test_picture_is_whole_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    write_picture(VIEW, picture)
    svg = picture.read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    assert "1.620000" in svg
    assert "@font-face" not in svg
