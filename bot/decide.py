"""The decision about one minute: a pure function of the ratio, the forecast, the position and how fresh all of it is.

A minute that ends at W uses the forecast's row of W + 60 s (design §6), never the wall clock. Gates guard entries: a
way out needs only a fresh price.
"""

from dataclasses import dataclass
from decimal import Decimal

from bot.exchange import Touch
from market.forecast import MINUTE_MS, ForecastRow, ForecastTable
from market.journal import Action, OperatorState
from market.records import PriceVolume


@dataclass(frozen=True)
class Limits:
    """When an entry is out of the question: the ratio's bounds (both excluded) and the greatest ages, in ms."""

    ratio_min: Decimal = Decimal("0.1")
    ratio_max: Decimal = Decimal(2)
    ratio_age_ms: int = 60_000
    price_age_ms: int = 2_000
    forecast_age_ms: int = 31 * 86_400_000
    skew_ms: int = 10_000


@dataclass(frozen=True)
class Situation:
    """All that a decision depends on. Where the forecast or the touch is a text, that text says why there is none.

    `newest`: no later minute is known. `skew_ms`: the exchange's clock less ours, None when not known. `trouble`: what
    forbids any order.
    """

    minute: PriceVolume
    now_ms: int
    newest: bool
    forecast: ForecastTable | str
    touch: Touch | str
    skew_ms: int | None
    position: Decimal
    minimum: Decimal
    state: OperatorState = "active"
    trouble: str | None = None

    @property
    def held(self) -> bool:
        """Whether the bot holds at least one least order of what its own fills bought; less is dust."""
        return self.position >= self.minimum


@dataclass(frozen=True)
class Verdict:
    """What to do, a word for why, and the sentence with the numbers."""

    action: Action
    reason: str
    detail: str
    row: ForecastRow | None = None


def forecast_ds(minute: PriceVolume) -> int:
    """The `ds` of the row that decides about the minute (epoch ms)."""
    return minute.window_end + MINUTE_MS


def decide(situation: Situation, limits: Limits) -> Verdict:
    """What to do about the minute. The first rule that applies wins."""
    forecast = situation.forecast
    row = None if isinstance(forecast, str) else forecast.row_at(forecast_ds(situation.minute))
    action, reason, detail = _standstill(situation, limits) or _by_forecast(situation, limits, row)
    return Verdict(action, reason, detail, row)


_Said = tuple[Action, str, str]


def _standstill(situation: Situation, limits: Limits) -> _Said | None:
    if situation.trouble is not None:
        return "none", "trouble", f"no order before this is mended: {situation.trouble}"
    if situation.state == "paused":
        return "none", "paused", "an operator paused the bot"
    if situation.state == "flattening":
        return "none", "flattening", "an operator has all of it sold, whatever the minute says"
    if not situation.newest:
        age = situation.now_ms - situation.minute.window_end
        if age > limits.ratio_age_ms:
            return "none", "stale_ratio", f"the minute ended {_seconds(age)} ago, and later ones are known"
        return "none", "superseded", "a later minute is known"
    return None


def _by_forecast(situation: Situation, limits: Limits, row: ForecastRow | None) -> _Said:
    if isinstance(situation.forecast, str):
        return "none", "no_forecast", situation.forecast
    if row is None:
        table = situation.forecast
        where = "before" if forecast_ds(situation.minute) < table.first else "after"
        where = "within" if table.first <= forecast_ds(situation.minute) <= table.last else where
        return "none", "no_forecast_row", f"the forecast has no row for the minute, which lies {where} its span"
    if row.side == "sell":
        return _way_out(situation, limits)
    if situation.held:
        return "none", "already_held", f"{situation.position:f} is held, nothing is bought on top"
    if situation.state == "reducing":
        return "none", "reducing", "an operator allows only ways out"
    return (
        _ratio_gate(situation, limits)
        or _age_gate(situation, limits, situation.forecast)
        or ("buy", "forecast_buy", f"the forecast says buy at a ratio of {situation.minute.value}")
    )


def _way_out(situation: Situation, limits: Limits) -> _Said:
    if not situation.held:
        return "none", "nothing_to_sell", "the forecast says sell, and nothing is held"
    doubt = price_doubt(situation.touch, situation.now_ms, limits)
    return doubt or ("sell", "forecast_sell", f"the forecast says sell, and {situation.position:f} is held")


def _ratio_gate(situation: Situation, limits: Limits) -> _Said | None:
    minute = situation.minute
    if not minute.complete:
        return "none", "incomplete_minute", "the minute is incomplete: its ratio may be wrong"
    if minute.value is None:
        return "none", "no_ratio", "the minute has no ratio: a side is missing"
    if not limits.ratio_min < Decimal(minute.value) < limits.ratio_max:
        bounds = f"({limits.ratio_min:f}, {limits.ratio_max:f})"
        return "none", "ratio_out_of_range", f"the ratio {minute.value} is not within {bounds}"
    return None


def _age_gate(situation: Situation, limits: Limits, forecast: ForecastTable) -> _Said | None:
    ratio_age = situation.now_ms - situation.minute.window_end
    if ratio_age > limits.ratio_age_ms:
        return "none", "stale_ratio", f"the minute ended {_seconds(ratio_age)} ago"
    if -ratio_age > limits.skew_ms:
        return "none", "clock_in_doubt", f"the minute ends {_seconds(-ratio_age)} ahead of our clock"
    forecast_age = forecast.age_ms(situation.now_ms)
    if forecast_age > limits.forecast_age_ms:
        return "none", "stale_forecast", f"the forecast knows nothing of the last {forecast_age // 86_400_000} days"
    if situation.skew_ms is None:
        return "none", "clock_in_doubt", "the exchange's clock is not known"
    if abs(situation.skew_ms) > limits.skew_ms:
        return "none", "clock_in_doubt", f"the exchange's clock differs from ours by {_seconds(situation.skew_ms)}"
    return price_doubt(situation.touch, situation.now_ms, limits)


def price_doubt(touch: Touch | str, now_ms: int, limits: Limits) -> _Said | None:
    """Why the touch must not be traded on; None when it is fresh."""
    if isinstance(touch, str):
        return "none", "no_price", touch
    age = now_ms - touch.at_ms
    if abs(age) > limits.price_age_ms:
        return "none", "stale_price", f"the price is {_seconds(age)} old"
    return None


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f} s"
