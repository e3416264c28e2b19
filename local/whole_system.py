"""Puts a run together: the plans of its parts, its clock, its broker's storage."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Event

from local.part_plans import PartPlan, Tools, kafka_node, next_clock, part_plans
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
    clock = next_clock(before.clock if before else None, settings.demo_speed, int(time.time() * 1000))
    return LocalSystem(
        settings.run_dir,
        [_with_env(plan, extra_env or {}) for plan in part_plans(settings, tools, clock)],
        source=settings.demo_source,
        bootstrap=settings.bootstrap,
        clock=clock,
        prepare=kafka_node(settings, tools).prepare,
        say=say,
        interrupted=interrupted,
    )


def _with_env(plan: PartPlan, extra_env: Mapping[str, Mapping[str, str]]) -> PartPlan:
    return replace(plan, env={**plan.env, **extra_env.get(plan.name, {})})
