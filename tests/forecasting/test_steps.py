"""Progress: plain lines where nobody watches, a bar on a terminal."""

from io import StringIO

from rich.console import Console

from forecasting.steps import Steps


def shown(terminal: bool) -> str:
    screen = StringIO()
    times = iter([10.0, 12.5])
    steps = Steps(Console(file=screen, force_terminal=terminal, width=80), lambda: next(times))
    with steps.step("Reading [history]") as advance:
        advance(50, 100)
    return screen.getvalue()


def test_without_a_terminal_a_step_is_two_plain_lines() -> None:
    assert shown(terminal=False) == "Reading [history] …\nReading [history]: 2.5 s\n"


def test_on_a_terminal_a_step_is_a_bar() -> None:
    assert "━" in shown(terminal=True)
    assert "Reading [history]" in shown(terminal=True)
