"""The made-up price."""

import math
from itertools import pairwise

import pytest

from market.fees import GEMINI_TAKER_BPS, round_trip
from pipeline.errors import WrongSettings
from pipeline.settings import load
from simulator.settings import SimulatorSettings
from tests.simulator.made_up import START, process

CYCLE_MS = 720_000


def test_cycle_repeats_with_its_period_and_is_zero_at_the_epoch() -> None:
    price = process(noise=0)
    assert price.cycle(0) == 0
    assert price.cycle(CYCLE_MS / 4) == pytest.approx(0.003)
    assert price.cycle(START + 100_000) == pytest.approx(price.cycle(START + 100_000 + CYCLE_MS), abs=1e-9)


def test_price_without_noise_is_the_reference_times_the_cycle() -> None:
    price = process(noise=0)
    assert price.fair(CYCLE_MS / 4) == pytest.approx(7659.1 * math.exp(0.003))


def test_price_depends_on_seed_and_time_alone() -> None:
    assert process(3).fair(START) == process(3).fair(START)
    assert process(3).fair(START) != process(4).fair(START)


def test_price_has_no_jumps() -> None:
    price = process()
    prices = [price.fair(START + second * 1000) for second in range(7200)]
    steps = [abs(after / before - 1) for before, after in pairwise(prices)]
    assert max(steps) < 0.0001


def test_whole_swing_of_the_cycle_costs_less_than_two_fees() -> None:
    settings = load(SimulatorSettings, {})
    assert 2 * settings.simulator_cycle_amplitude < round_trip(GEMINI_TAKER_BPS)


def test_amplitude_that_would_earn_money_is_refused() -> None:
    with pytest.raises(WrongSettings, match=r"SIMULATOR_CYCLE_AMPLITUDE=0\.02"):
        load(SimulatorSettings, {"SIMULATOR_CYCLE_AMPLITUDE": "0.02"})
