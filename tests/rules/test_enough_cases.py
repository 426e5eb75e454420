"""Every rule is told from both sides: at least three cases, one in which it fires, one in which it does not,
and where it holds a threshold, one with the figure on the line or right beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.conditions import Condition, conditions_of
from rules.evaluate import Evaluation, Evaluator
from rules.model import PREFIXES, CompiledRule
from rules.yaml_lines import read_yaml

HERE = Path(__file__).parent
BESIDE = 0.05  #: of the threshold; a whole number may lie one beside it
#: no case can stand on these lines, and why
UNREACHABLE = {"RD-09.ads": "who does not pay has no paid share, so the free share is all"}

Told = tuple[dict[str, Any], str | None, bool]  #: a case, the item it speaks of, whether the rule fires there


def _cases() -> list[dict[str, Any]]:
    return [dict(case) for path in sorted(HERE.glob("*.yaml")) for case in read_yaml(path)[0]]


def _told(case: dict[str, Any]) -> Iterator[tuple[str, Told]]:
    """The rules a case names, each once: of the shop, and of each of its items."""
    spoken: list[tuple[str | None, dict[str, Any]]] = [(None, case), *case.get("items", {}).items()]
    for item, named in spoken:
        for rule in dict.fromkeys(named.get("fires", [])):
            yield rule, (case, item, True)
        for rule in dict.fromkeys(named.get("fires_not", [])):
            yield rule, (case, item, False)


@pytest.fixture(scope="module")
def told() -> dict[str, list[Told]]:
    out: dict[str, list[Told]] = {}
    for case in _cases():
        for rule, one in _told(case):
            out.setdefault(rule, []).append(one)
    return out


def test_every_rule_is_told_in_three_cases_from_both_sides(
    oracle: Evaluator, told: dict[str, list[Told]]
) -> None:
    lacking = []
    for id_ in oracle.base.rules:
        fires = sum(f for *_, f in told.get(id_, []))
        beside = len(told.get(id_, [])) - fires
        if not fires or not beside or fires + beside < 3:
            lacking.append(f"{id_}: fires in {fires}, does not in {beside}")
    assert lacking == [], "\n".join(["at least three cases a rule, from both sides:", *lacking])


def test_every_threshold_rule_is_tried_on_its_line(
    oracle: Evaluator, told: dict[str, list[Told]], today: dt.date
) -> None:
    evaluated: dict[int, Evaluation] = {}

    def view(case: dict[str, Any], item: str | None) -> Evaluation:
        if id(case) not in evaluated:
            given = {scope: case[scope] for scope in PREFIXES if scope in case}
            evaluated[id(case)] = oracle.evaluate(
                case["facts"], today=today, items=given, asked=case.get("asked", ())
            )
        found = evaluated[id(case)]
        kinds = [kind[item] for kind in found.items.values() if item in kind] if item else []
        return kinds[0] if kinds else found

    def tried(rule: CompiledRule) -> bool:
        compared = [c for c in conditions_of(rule.when) if c.form == "compare"]
        return not compared or any(
            _beside(c, view(case, item), case["facts"].get("category"), oracle)
            for case, item, _ in told.get(rule.id, [])
            for c in compared
        )

    far = [r.id for r in oracle.base.rules.values() if not tried(r) and r.id not in UNREACHABLE]
    assert far == [], f"no case stands on or beside a line of these rules: {', '.join(far)}"


def _beside(condition: Condition, found: Evaluation, category: str | None, oracle: Evaluator) -> bool:
    value = found.view.get(condition.name)
    if condition.operand is None or isinstance(value, str) or value is None:
        return False
    line = condition.operand.value(oracle.base.parameters, category)
    whole = isinstance(value, int) and abs(line) > 1
    return abs(value - line) <= max(abs(line) * BESIDE, 1 if whole else 0.001)


def test_the_exceptions_are_rules(oracle: Evaluator) -> None:
    assert set(UNREACHABLE) <= set(oracle.base.rules)
