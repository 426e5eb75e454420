"""Clients judged and put in order: the contract's objects, the same in any number of processes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bot.tables.run import triage
from rules import result
from rules.evaluate import Evaluator
from rules.explore import settling
from rules.model import RuleBase
from tests.tables.conftest import TODAY, Told, write_csv

KEYS = {"row", "name", "input", "facts", "stage", "stage_flags", "provider_track", "capability", "priority",
        "value_at_risk", "diagnosis", "first_action", "rule", "question", "check"}  # fmt: skip
HEAD = ["name", "client_kind", "category", "gmv_30d", "gmv_prev_30d", "refund_rate", "ad_spend_per_day",
        "ad_roi_pay",        "gross_margin", "shop_score", "live_days_30d", "creator_top1_share",
        "stay_seconds", "cvr_click",
        "days_to_campaign", "hero_stock_days", "videos_per_week", "ad_spend_trend_7d"]  # fmt: skip


def some(count: int, seed: int = 3) -> list[list[str]]:
    """Clients of every kind, with gaps."""
    r = random.Random(seed)
    rows = []
    for i in range(count):
        values: list[Any] = [
            r.choice(["brand", "factory", "trader", "individual"]),
            r.choice(["apparel", "beauty", "food", "jewelry"]),
            r.randint(1000, 5_000_000), r.randint(1000, 5_000_000), round(r.uniform(0, 0.9), 2),
            r.randint(0, 4000),
            round(r.uniform(0.5, 6), 1), round(r.uniform(0.1, 0.8), 2), r.randint(50, 99), r.randint(0, 30),
            round(r.uniform(0, 1), 2), r.randint(10, 90), round(r.uniform(0, 0.2), 3), r.randint(0, 40),
            r.randint(0, 40), r.randint(0, 14), round(r.uniform(-1, 1), 2),
        ]  # fmt: skip
        rows.append([f"客户{i}", *(("" if r.random() < 0.25 else str(v)) for v in values)])
    return rows


def test_keys_are_the_contract_s(told: Told, tmp_path: Path) -> None:
    rows = [
        ["客户", "客户类型", "类目", "月销", "上月", "退货率"],
        ["甲", "品牌", "女装", "240万", "300万", "35%"],
    ]
    (row,) = told(write_csv(tmp_path / "t.csv", rows))
    assert set(row) == KEYS
    assert (row["row"], row["name"], row["rule"], row["priority"]) == (2, "甲", "PV-06", "P1")
    assert row["stage_flags"] == ["declining"]
    assert (row["provider_track"], row["value_at_risk"]) == ("brand", 1440000)
    assert set(row["question"]) == {"fact", "text"}


def test_what_is_undecided_is_absent(told: Told, tmp_path: Path) -> None:
    (row,) = told(write_csv(tmp_path / "t.csv", [["客户", "类目", "月销"], ["甲", "女装", ""]]))
    assert KEYS - set(row) == {"provider_track", "value_at_risk"}
    assert row["stage"] == "unknown"


def test_decisions_are_those_of_the_rule_base_on_the_same_facts(
    base: RuleBase, told: Told, tmp_path: Path
) -> None:
    whole = Evaluator(base)
    rows = told(write_csv(tmp_path / "t.csv", [HEAD, *some(150)]))
    assert len(rows) == 150
    for row in rows:
        evaluation = whole.evaluate(row["facts"], today=TODAY, asked=["client_row"])
        decided = result.decisions(evaluation, base)
        for key in ("stage", "stage_flags", "provider_track", "capability", "priority"):
            assert row.get(key) == decided.get(key), (row["name"], key)
        assert row.get("value_at_risk") == pytest.approx(result.value_at_risk(evaluation, base))
        number = "PV-10" if evaluation.value("triage_case") is None else row["rule"]
        assert number == row["rule"]
        assert number in {f.rule.rule.number for f in evaluation.trace}


def test_order_is_priority_then_money_then_rules_then_input(told: Told, tmp_path: Path) -> None:
    rows = told(write_csv(tmp_path / "t.csv", [HEAD, *some(400)]))
    keys = [(r["priority"], -r.get("value_at_risk", float("-inf"))) for r in rows]
    assert keys == sorted(keys)
    assert {r["priority"] for r in rows} == {"P0", "P1", "P2", "P3"}
    equal = [["客户", "月销"], *([f"客户{i}", "5万"] for i in range(30))]
    assert [r["row"] for r in told(write_csv(tmp_path / "e.csv", equal))] == list(range(2, 32))


def test_without_sales_a_client_is_the_last_of_his_priority(told: Told, tmp_path: Path) -> None:
    rows = [["客户", "月销", "投诉"], ["无数", "", "有"], ["小", "1万", "有"], ["稳", "900万", "无"]]
    found = told(write_csv(tmp_path / "t.csv", rows))
    assert [r["name"] for r in found] == ["小", "无数", "稳"]
    assert found[1]["question"]["fact"] == "gmv_30d"


def test_any_number_of_processes_gives_the_same(base: RuleBase, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [HEAD, *some(900)])
    found = []
    for processes in (1, 2, 3):
        with triage(path, base, TODAY, processes=processes) as report:
            found.append([report.as_json(r) for r in report.records()])
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 900


def test_impossible_and_unreadable_values_stay_in_and_are_asked_for(told: Told, tmp_path: Path) -> None:
    rows = [["客户", "类目", "月销", "退货率", "日耗"], ["甲", "女装", "30万", "120%", "看情况"]]
    (row,) = told(write_csv(tmp_path / "t.csv", rows))
    assert row["facts"] == {"category": "apparel", "gmv_30d": 300000}
    assert [(c["fact"], c["value"], c["reason"]) for c in row["check"]] == [
        ("ad_spend_per_day", "看情况", "unreadable"),
        ("refund_rate", "120%", "above_one"),
    ]
    assert row["question"]["fact"] == "ad_spend_per_day"


def test_contradictory_facts_are_left_out_and_listed(told: Told, tmp_path: Path) -> None:
    rows = [["客户", "月销", "头号达人占比", "TOP3达人占比"], ["甲", "30万", "60%", "50%"]]
    (row,) = told(write_csv(tmp_path / "t.csv", rows))
    assert row["facts"] == {"gmv_30d": 300000}
    assert {(c["fact"], c["value"], c["reason"]) for c in row["check"]} == {
        ("creator_top1_share", "60%", "contradictory"),
        ("creator_top3_share", "50%", "contradictory"),
    }


def test_the_question_is_the_fact_nearest_to_a_more_urgent_case(told: Told, tmp_path: Path) -> None:
    rows = [["客户", "月销", "退货率", "体验分", "日耗", "ROI", "毛利", "距大促天数"],
            ["烧钱", "80万", "10%", "90", "2000", "1.5", "", ""],
            ["大促", "80万", "10%", "90", "0", "", "50%", "8"]]  # fmt: skip
    asked = {r["name"]: r["question"]["fact"] for r in told(write_csv(tmp_path / "t.csv", rows))}
    assert asked == {"烧钱": "gross_margin", "大促": "hero_stock_days"}


def test_what_is_asked_settles_the_case(base: RuleBase) -> None:
    evaluator = Evaluator(base)
    for row in some(60, seed=9):
        facts = {n: v if n in {"client_kind", "category"} else float(v)
                 for n, v in zip(HEAD[1:], row[1:], strict=True) if v}  # fmt: skip
        evaluation = evaluator.evaluate(facts, today=TODAY, asked=["client_row"])
        for name in settling(evaluator, evaluation, "triage_case"):
            assert name in base.facts
            assert name not in facts
