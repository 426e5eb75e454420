"""The rule cases: `*.yaml` beside this file, each through both matchers.

name          the case as a sentence
facts         what is known;  creators, goods: lists of items, each with a `name`;  asked: intents
items         of an item by its name: fires, fires_not
fires         ids of rules that must fire;  fires_not: that must not
decisions     keys of `decisions` with their values;  absent: keys that must not be there
provisional   decisions that rest on an assumption;  settled: that don't
derived       computed numbers, held to as many decimals as are written;  no_value: name → reason
concluded     intermediate conclusions;  implied: facts that follow from the stated ones
rejected      facts left out → the reason;  overruled: rule → the rule that prevailed
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from rules import result
from rules.evaluate import Evaluation, Evaluator
from rules.model import PREFIXES, RuleBase
from rules.yaml_lines import read_yaml

KEYS = {
    *("name", "facts", "fires", "fires_not", "decisions", "absent", "provisional", "settled", "derived"),
    *("no_value", "concluded", "implied", "rejected", "overruled", "creators", "goods", "items", "asked"),
}


def _cases() -> list[tuple[str, dict[str, Any]]]:
    out = []
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        cases, findings = read_yaml(path, path.name)
        assert not findings, findings
        out += [(f"{path.stem}:{case.line}", case) for case in cases]
    return out


CASES = _cases()


def _evaluate(case: dict[str, Any], evaluator: Evaluator, today: dt.date) -> Evaluation:
    given = {scope: case[scope] for scope in PREFIXES if scope in case}
    return evaluator.evaluate(case["facts"], today=today, items=given, asked=case.get("asked", ()))


def _subset(have: Any, want: Any) -> Any:
    """Of what is there only the keys that are asked for: the score and reasons of a grade may go unsaid."""
    if isinstance(have, dict) and isinstance(want, dict):
        return {k: _subset(have.get(k), v) for k, v in want.items()}
    return have


def _check(case: dict[str, Any], evaluator: Evaluator, today: dt.date) -> None:
    base = evaluator.base
    found = _evaluate(case, evaluator, today)
    fired = {f.rule.id for f in found.trace}
    decisions = result.decisions(found, base)
    provisional = set(result.provisional(found, base))
    derived, reasons = result.derived(found, base)
    if "tools" in decisions:
        assert all(t["look"] for t in decisions["tools"])
        decisions["tools"] = [t["tool"] for t in decisions["tools"]]
    wrong: list[str] = []

    def check(what: str, have: object, want: object) -> None:
        if have != want:
            wrong.append(f"{what}: {have!r} instead of {want!r}")

    wrong += [f"{i} does not fire" for i in case.get("fires", []) if i not in fired]
    wrong += [f"{i} fires" for i in case.get("fires_not", []) if i in fired]
    for key, value in case.get("decisions", {}).items():
        each = key in base.keys and base.keys[key].each
        check(key, _subset(decisions.get(key), value) if each else decisions.get(key), value)
    one_by_one = {n: i for kind in found.items.values() for n, i in kind.items()}
    for item, wanted in case.get("items", {}).items():
        his = {f.rule.id for f in one_by_one[item].trace}
        wrong += [f"{item}: {i} does not fire" for i in wanted.get("fires", []) if i not in his]
        wrong += [f"{item}: {i} fires" for i in wanted.get("fires_not", []) if i in his]
    for key in case.get("absent", []):
        check(key, decisions.get(key, derived.get(key)), None)
        assert key not in decisions
        assert key not in derived
    check("provisional", sorted(set(case.get("provisional", [])) - provisional), [])
    check("settled, yet provisional", sorted(set(case.get("settled", [])) & provisional), [])
    for name, value in case.get("derived", {}).items():
        places = len(str(value).partition(".")[2])
        have = found.derived.values.get(name, derived.get(name))
        check(name, None if have is None else round(have, places), value)
    for name, reason in case.get("no_value", {}).items():
        check(name, (derived.get(name, "absent"), reasons.get(name)), (None, reason))
    for key, value in case.get("concluded", {}).items():
        check(key, found.value(key), value)
    if "implied" in case:
        check(
            "implied", sorted(n for n, c in found.assumed.items() if c == "implied"), sorted(case["implied"])
        )
    if "rejected" in case:
        check("rejected", {r.fact: r.reason for r in found.rejected}, case["rejected"])
    lost = {o.rule: o.by for o in found.overruled}
    for rule, by in case.get("overruled", {}).items():
        check(f"{rule} overruled", lost.get(rule), by)
    assert not wrong, "\n".join([case["name"], *wrong])


@pytest.mark.parametrize("case", [c for _, c in CASES], ids=[i for i, _ in CASES])
def test_case_with_the_engine(case: dict[str, Any], engine: Evaluator, today: dt.date) -> None:
    _check(case, engine, today)


@pytest.mark.parametrize("case", [c for _, c in CASES], ids=[i for i, _ in CASES])
def test_case_with_the_three_valued_matcher(case: dict[str, Any], oracle: Evaluator, today: dt.date) -> None:
    _check(case, oracle, today)


def test_cases_are_well_formed(base: RuleBase) -> None:
    names = [c["name"] for _, c in CASES]
    assert len(set(names)) == len(names), "two cases have one name"
    for id_, case in CASES:
        assert set(case) <= KEYS, id_
        assert set(case["facts"]) <= set(base.facts), id_
        of_items = [r for i in case.get("items", {}).values() for named in i.values() for r in named]
        for rule in [*case.get("fires", []), *case.get("fires_not", []), *of_items]:
            assert rule in base.rules, f"{id_}: there is no rule {rule}"
        grouped = {k.part_of for k in base.keys.values() if k.part_of}
        assert set(case.get("decisions", {})) - set(base.keys) - grouped <= {
            "stage_confidence", "snowball", "allocation_yuan", "campaign_plan",
        }, id_  # fmt: skip


def test_every_rule_fires_in_some_case(oracle: Evaluator, today: dt.date) -> None:
    named = {rule for _, case in CASES for rule in case.get("fires", [])}
    items = [i for _, case in CASES for i in case.get("items", {}).values()]
    named |= {rule for item in items for rule in item.get("fires", [])}
    assert sorted(set(oracle.base.rules) - named) == []


def test_every_value_of_every_decision_is_reached(oracle: Evaluator, today: dt.date) -> None:
    reached: dict[str, set[Any]] = {}
    for _, case in CASES:
        found = _evaluate(case, oracle, today)
        for key, conclusion in (c for e in result.evaluations(found) for c in e.conclusions.items()):
            value = conclusion.value
            if not isinstance(value, dict):
                reached.setdefault(key, set()).update(value if isinstance(value, list) else [value])
    missing = {}
    for name, key in oracle.base.keys.items():
        written = {
            v
            for r in oracle.base.rules.values()
            if name in r.rule.then and key.resolve in {"choose", "vote", "flags"}
            for v in (lambda t: t if isinstance(t, list) else [t])(r.rule.then[name])
        }
        if left := written - reached.get(name, set()):
            missing[name] = left
    assert missing == {}
