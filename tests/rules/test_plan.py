"""The campaign plan: dated tasks that fit the time that is left."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from typing import Any

import pytest

from rules import result
from rules.evaluate import Evaluator
from rules.explore import open_facts
from rules.model import RuleBase
from rules.plan import AREAS, PERIODS, periods

GROWTH = {"gmv_30d": 820_000}


def plan_of(evaluator: Evaluator, facts: dict[str, Any], today: dt.date, language: str = "zh") -> Any:
    found = evaluator.evaluate({**GROWTH, **facts}, today=today)
    return result.decisions(found, evaluator.base, language).get("campaign_plan")


def tasks(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {t["task"]: t for period in plan.values() for area in AREAS for t in period[area]}


def test_forty_days_before_the_periods_are_those_of_the_window(oracle: Evaluator, today: dt.date) -> None:
    plan = plan_of(oracle, {"campaign_date": "2027-01-03"}, today)
    spans = {p: (plan[p]["from"], plan[p]["to"]) for p in plan}
    assert spans == {
        "preparation": ("2026-12-04", "2026-12-26"),
        "warmup": ("2026-12-27", "2027-01-02"),
        "day": ("2027-01-03", "2027-01-03"),
        "after": ("2027-01-04", "2027-01-10"),
    }
    assert tasks(plan)["pick_hero"] | {} == {
        "task": "pick_hero",
        "text": oracle.base.tasks["pick_hero"].text,
        "owner": "goods",
        "from": "2026-12-04",
        "to": "2026-12-09",
        "from_day": -30,
        "to_day": -25,
    }


@pytest.mark.parametrize("days", range(45))
def test_nothing_is_dated_before_today_or_outside_its_period(
    oracle: Evaluator, today: dt.date, days: int
) -> None:
    facts = {"days_to_campaign": days, "hero_stock_days": 3, "slot_fee": 0, "stay_seconds": 20}
    plan = plan_of(oracle, facts, today)
    assert list(plan) == [p for p in PERIODS if p in plan]
    edges = [(p["from"], p["to"]) for p in plan.values()]
    assert edges[0][0] >= today.isoformat()
    assert all(a <= b for a, b in edges)
    assert all(b < c for (_, b), (c, _) in itertools.pairwise(edges))
    for period in plan.values():
        for area in AREAS:
            for task in period[area]:
                assert period["from"] <= task["from"] <= task["to"] <= period["to"]
                assert "{" not in task["text"]


def test_with_seven_days_there_is_one_period_before_the_day_and_no_new_creator(
    oracle: Evaluator, today: dt.date
) -> None:
    plan = plan_of(oracle, {"days_to_campaign": 7}, today)
    assert list(plan) == ["warmup", "day", "after"]
    assert plan["warmup"]["from"] == today.isoformat()
    assert not {"lock_creators", "creator_previews"} & set(tasks(plan))
    assert {"pick_hero", "lock_known_creators", "old_customers_only"} <= set(tasks(plan))
    assert tasks(plan)["pick_hero"]["from"] == today.isoformat()


def test_with_eight_days_there_are_three_and_one_day_to_prepare(oracle: Evaluator, today: dt.date) -> None:
    plan = plan_of(oracle, {"days_to_campaign": 8}, today)
    assert (plan["preparation"]["from_day"], plan["preparation"]["to_day"]) == (-8, -8)
    assert "lock_creators" in tasks(plan)


def test_on_the_day_only_the_day_and_what_follows_are_left(oracle: Evaluator, today: dt.date) -> None:
    plan = plan_of(oracle, {"days_to_campaign": 0, "hero_stock_days": 3}, today)
    assert list(plan) == ["day", "after"]
    assert plan["day"]["from"] == plan["day"]["to"] == today.isoformat()
    assert plan["day"]["budget_share"] == 85


def test_short_stock_is_settled_seven_days_before(oracle: Evaluator, today: dt.date) -> None:
    plan = plan_of(oracle, {"days_to_campaign": 45, "hero_stock_days": 5}, today)
    assert tasks(plan)["swap_hero"]["from"] == "2027-01-01"
    assert tasks(plan)["swap_hero"]["from_day"] == -7


def test_without_a_date_there_are_days_and_no_dates(oracle: Evaluator, today: dt.date) -> None:
    plan = plan_of(oracle, {"campaign_registered": True}, today)
    assert list(plan) == list(PERIODS)
    assert all("from" not in p and "from_day" in p for p in plan.values())
    assert all("from" not in t for t in tasks(plan).values())


def test_the_money_is_split_to_the_yuan(oracle: Evaluator, today: dt.date) -> None:
    for budget in (300_000, 299_999, 1_000_003):
        facts = {"days_to_campaign": 20, "budget_total": budget, "budget_period_days": 30}
        plan = plan_of(oracle, facts, today)
        found = oracle.evaluate({**GROWTH, **facts}, today=today)
        whole = result.decisions(found, oracle.base)["allocation_yuan"]["C"]
        assert sum(p["budget_yuan"] for p in plan.values()) == whole
        assert [p["budget_share"] for p in plan.values()] == [0, 40, 45, 15]


def test_a_plan_in_english(oracle: Evaluator, today: dt.date) -> None:
    plan = plan_of(oracle, {"days_to_campaign": 20}, today, "en")
    assert not [t["text"] for t in tasks(plan).values() if re.search(r"[一-鿿]", t["text"])]


def test_every_task_is_written_by_a_rule(base: RuleBase) -> None:
    written = {
        t
        for r in base.rules.values()
        for v in [r.rule.then.get("campaign_tasks", [])]
        for t in (v if isinstance(v, list) else [v])
    }
    assert written == set(base.tasks) == set(base.keys["campaign_tasks"].values)


def test_tasks_lie_in_the_days_of_their_period(base: RuleBase) -> None:
    bounds = periods(None, base)
    for task in base.tasks.values():
        first, last = bounds[task.period]
        assert first <= task.first <= task.last <= last, task.id


def test_a_key_nobody_asks_for_leaves_no_trace_and_no_question(engine: Evaluator, today: dt.date) -> None:
    facts = {"gmv_30d": 820_000, "penalty_flag": True}
    found = engine.evaluate(facts, today=today, statuses=True)
    assert not [f for f in found.trace if f.rule.decision == "D17"]
    assert all(found.statuses[r].state == "blocked" for r in found.statuses if r.startswith("CC-"))
    waits = {o.fact: o.unlocks for o in open_facts(engine, found, today)}
    assert set(waits["client_kind"]) >= {"PV-01"}
    asked = engine.evaluate(facts, today=today, statuses=True, asked=["client_row"])
    assert asked.value("priority") == "P0"
    assert engine.outcome(facts, today, asked)[0]["priority"] == "P0"
    assert "priority" not in engine.outcome(facts, today, found)[0]
