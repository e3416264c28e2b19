"""What a study found, as a picture: how large events are, how often they come at which size, how long queues are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from study.estimates import AtSize, QueueEstimate
from study.queues import SIZE_PLACES
from study.queues_shown import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The queues that most happens at are drawn one by one.
DRAWN_DISTANCES = 3
# Of a size that was met more seldom, how often something happens cannot be told.
FEWEST_EVENTS = 5
# A size that the queue was of for less than this share of the time would only make the others narrow.
SMALLEST_SHARE = 0.002
_INCHES = (12.0, 3.0)
_ARRIVALS, _DEPARTURES, _MEASURED, _MODEL = "tab:green", "tab:red", "tab:gray", "tab:blue"


def drawn(study: Study) -> Figure:
    """The picture, to be written into a file (`pipeline.picture`)."""
    from matplotlib.figure import Figure  # takes a second to import, and only this needs it

    singly = [found for position, found in study.estimates.items() if abs(position) <= DRAWN_DISTANCES]
    figure = Figure(figsize=(_INCHES[0], _INCHES[1] * (1 + len(singly))), layout="constrained")
    rows = figure.subplots(1 + len(singly), 2, squeeze=False)
    _draw_event_sizes(rows[0][0], study.estimates)
    _draw_event_counts(rows[0][1], study.estimates)
    for (left, right), found in zip(rows[1:], singly, strict=True):
        _draw_rates(left, found)
        _draw_shares(right, found)
    sides = ", both sides as one" if study.symmetric else ""
    figure.suptitle(
        f"{study.exchange} {study.symbol}: queues beside the reference price, {study.seconds:,.0f} s{sides}"
    )
    return figure


def _draw_event_sizes(axes: Axes, estimates: Mapping[int, QueueEstimate]) -> None:
    sizes = [found.average_event / 10**SIZE_PLACES for found in estimates.values()]
    axes.bar(range(len(sizes)), sizes, color=_MEASURED)
    axes.set_xticks(range(len(sizes)), [str(position) for position in estimates])
    axes.set_title("average event")
    axes.set_xlabel("queue")
    axes.set_ylabel("base currency")


def _draw_event_counts(axes: Axes, estimates: Mapping[int, QueueEstimate]) -> None:
    places = range(len(estimates))
    arrivals = [found.arrivals for found in estimates.values()]
    axes.bar(places, arrivals, color=_ARRIVALS, label="arrivals")
    axes.bar(
        places,
        [found.departures for found in estimates.values()],
        bottom=arrivals,
        color=_DEPARTURES,
        label="departures",
    )
    axes.set_xticks(places, [str(position) for position in estimates])
    axes.set_title("events")
    axes.set_xlabel("queue")
    axes.legend()


def _draw_rates(axes: Axes, found: QueueEstimate) -> None:
    for label, color, rates in (
        ("arrivals", _ARRIVALS, known_rates(found.at_size, "arrivals")),
        ("departures", _DEPARTURES, known_rates(found.at_size, "departures")),
    ):
        axes.plot(list(rates), list(rates.values()), "o-", markersize=3, color=color, label=label)
    axes.set_ylim(bottom=0)
    axes.set_title(f"queue {found.position}: events a second, by its size")
    _count_sizes(axes)
    axes.legend()


def _draw_shares(axes: Axes, found: QueueEstimate) -> None:
    shares, model = found.shares(), found.model_shares()
    axes.bar(list(shares), list(shares.values()), color=_MEASURED, label="measured")
    if model:
        axes.plot(list(model), list(model.values()), "o-", markersize=3, color=_MODEL, label="the model's")
    axes.set_title(f"queue {found.position}: share of the time, by its size")
    drawn = [*model, *(size for size, share in shares.items() if share >= SMALLEST_SHARE)]
    axes.set_xlim(-1, max(drawn, default=0) + 1)
    _count_sizes(axes)
    axes.legend()


def _count_sizes(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("size in average events")


def known_rates(at_size: Mapping[int, AtSize], kind: str) -> dict[int, float]:
    """By size, how many events of a kind come a second."""
    rates = {}
    for size, at in at_size.items():
        rate = at.arrival_rate if kind == "arrivals" else at.departure_rate
        if rate is not None and len(at.arrival_waits) + len(at.departure_waits) >= FEWEST_EVENTS:
            rates[size] = rate
    return rates
