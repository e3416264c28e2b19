"""Puts a run together: its clock and the plans of its parts."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Event

from local.forecast_kept import can_be_kept
from local.part_plan import PartPlan
from local.part_plans import Tools, part_plans
from local.run_clock import next_clock
from local.run_record import read_run
from local.settings import LocalSettings
from local.system import LocalSystem


def whole_system(
    settings: LocalSettings,
    tools: Tools,
    *,
    say: Callable[[str], None] = lambda _: None,
    interrupted: Event | None = None,
    extra_env: Mapping[str, Mapping[str, str]] | None = None,
) -> LocalSystem:
    """The whole pipeline over the state folder that the settings name, ready to be entered.

    `extra_env` adds variables for single parts, by part name. Nothing is started or written before it is entered.
    """
    before = read_run(settings.run_dir)
    now_ms = int(time.time() * 1000)
    clock = next_clock(before.clock if before else None, settings.demo_speed, now_ms)
    # On a live market the forecast is made anew while it runs, whatever there is.
    train = not settings.is_live and not can_be_kept(
        settings.run_dir, settings.simulator_cycle_seconds, clock.wall_ms(now_ms)
    )
    return LocalSystem(
        settings.run_dir,
        [_with_env(plan, extra_env or {}) for plan in part_plans(settings, tools, clock, train=train)],
        source=settings.source,
        bootstrap=settings.bootstrap,
        clock=clock,
        say=say,
        interrupted=interrupted,
    )


def _with_env(plan: PartPlan, extra_env: Mapping[str, Mapping[str, str]]) -> PartPlan:
    return replace(plan, env={**plan.env, **extra_env.get(plan.name, {})})
