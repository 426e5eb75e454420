"""The campaign plan: task codes that rules wrote become dated tasks by period and area (D13b).

A task says in data/tasks in which days around the campaign date (day 0) it belongs. Here the days become
dates, the periods shrink to the time that is left, and what has no time left in its own days moves to the
first days that are. Nothing is dated before today.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from rules.evaluate import Evaluation, allocation_yuan
from rules.model import RuleBase, Task
from rules.render import Texts

PERIODS = ("preparation", "warmup", "day", "after")
AREAS = ("goods", "field", "people")


def campaign_plan(evaluation: Evaluation, base: RuleBase, language: str = "zh") -> dict[str, Any] | None:
    """Period → from, to, share of the budget, and a list of tasks an area; None without a task.

    Without a known date there are days counted from the campaign (`from_day`, `to_day`), and no dates.
    """
    codes = evaluation.value("campaign_tasks")
    if not codes:
        return None
    left = evaluation.derived.values.get("campaign_in_days")
    days = int(left) if left is not None else None
    date = evaluation.today + dt.timedelta(days=days) if days is not None else None
    bounds = periods(days, base)
    budget = _budget(evaluation, base, bounds)
    texts = Texts(base, evaluation)
    out: dict[str, Any] = {}
    for name, (first, last) in bounds.items():
        out[name] = _dated(first, last, date) | budget[name] | {area: [] for area in AREAS}
    for task in (base.tasks[c] for c in codes):
        period = "warmup" if task.period == "preparation" and "preparation" not in bounds else task.period
        if period not in bounds:
            continue  # the day itself has come: what was to be done before it is past
        first, last = _fitted(task, *bounds[period])
        text = task.text if language == "zh" else task.text_en
        shown = {"task": task.id, "text": texts.fill(text, language) or text, "owner": task.owner}
        out[period][task.area].append(shown | _dated(first, last, date))
    return out


def periods(days: int | None, base: RuleBase) -> dict[str, tuple[int, int]]:
    """First and last day of each period, counted from the campaign, with `days` left until it.

    With fewer days than `cp.short` preparation and warm-up are one period (CP-05).
    """
    window = base.parameters.table("cp.window")["days"]
    warmup, after = int(window["warmup"]), int(window["after"])
    out = {"preparation": (-int(window["preparation"]), -warmup - 1), "warmup": (-warmup, -1)}
    out |= {"day": (0, 0), "after": (1, after)}
    if days is None:
        return out
    if days < base.parameters.number("cp.short"):
        del out["preparation"]
        out["warmup"] = (-days, -1)
    else:
        out["preparation"] = (max(out["preparation"][0], -days), out["preparation"][1])
    return {name: (first, last) for name, (first, last) in out.items() if first <= last}


def _fitted(task: Task, first: int, last: int) -> tuple[int, int]:
    """The days of `task` within its period; one whose days are past takes as many from the start."""
    if task.last < first:
        return first, min(first + task.last - task.first, last)
    start = min(max(task.first, first), last)
    return start, max(start, min(task.last, last))


def _dated(first: int, last: int, date: dt.date | None) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if date is not None:
        out = {
            "from": (date + dt.timedelta(days=first)).isoformat(),
            "to": (date + dt.timedelta(days=last)).isoformat(),
        }
    return out | {"from_day": first, "to_day": last}


def _budget(
    evaluation: Evaluation, base: RuleBase, bounds: dict[str, tuple[int, int]]
) -> dict[str, dict[str, int]]:
    """The share of the campaign money a period gets (CP-04), in yuan too where the budget is known.

    What belongs to a period that is past goes to the day.
    """
    shares = {name: int(n) for name, n in base.parameters.table("cp.split")["share"].items()}
    shares["day"] = shares.get("day", 0) + sum(n for name, n in shares.items() if name not in bounds)
    yuan = (allocation_yuan(evaluation) or {}).get("C")
    out: dict[str, dict[str, int]] = {}
    for name in bounds:
        share = shares.get(name, 0)
        out[name] = {"budget_share": share}
        if yuan is not None:
            out[name]["budget_yuan"] = yuan * share // 100
    if yuan is not None:
        out["day"]["budget_yuan"] += yuan - sum(o["budget_yuan"] for o in out.values())
    return out
