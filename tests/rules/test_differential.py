"""The engine and the three-valued matcher agree, on random facts and on facts at and beside the thresholds.

The long run of the same comparison is `python -m benchmarks.verify`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from benchmarks.verify import FactSets, difference, outcome
from rules.conditions import conditions_of
from rules.evaluate import Evaluator
from rules.match.three_valued import ThreeValuedMatcher, status
from rules.model import RuleBase


def _drawn(base: RuleBase, seed: int, count: int) -> list[dict[str, Any]]:
    sets = FactSets(base, seed)
    return [sets.draw() for _ in range(count)]


def test_random_facts_fire_the_same_rules(engine: Evaluator, oracle: Evaluator, base: RuleBase) -> None:
    wrong = [d for facts in _drawn(base, 20261124, 2000) if (d := difference(engine, oracle, facts))]
    assert wrong == []


def test_every_threshold_is_tried_from_both_sides(
    engine: Evaluator, oracle: Evaluator, base: RuleBase, today: dt.date
) -> None:
    """One fact alone, a hair below, on and above each of its thresholds: nothing but that fact decides."""
    tried = 0
    sides: dict[tuple[str, float], set[tuple[str, ...]]] = {}
    for name, cuts in FactSets(base, 0).cuts.items():
        fact = base.facts[name]
        assert not cuts or fact.range
        for cut in cuts:
            step = 1 if fact.type == "int" else 1e-3
            for value in (cut - step, cut, cut + step):
                if not fact.range or not fact.range[0] <= value <= fact.range[1]:
                    continue
                if fact.type == "int" and value != int(value):
                    continue
                facts = {name: value}
                assert difference(engine, oracle, facts) is None
                fired = oracle.outcome(oracle.read(facts)[0], today)[1]
                sides.setdefault((name, cut), set()).add(fired)
                tried += 1
    assert tried > 250
    assert sum(len(s) > 1 for s in sides.values()) > 20, "too few thresholds act alone"


def test_each_rule_is_closed_by_taking_any_of_its_facts_away(
    engine: Evaluator, oracle: Evaluator, base: RuleBase
) -> None:
    """Absence, one fact at a time: a rule that fired must be judged the same by both without it."""
    seen: set[str] = set()
    for facts in _drawn(base, 7, 60):
        fired = set(outcome(oracle.evaluate(facts, today=dt.date(2026, 11, 24)))["fired"])
        if fired <= seen:
            continue
        seen |= fired
        for name in facts:
            without = {k: v for k, v in facts.items() if k != name}
            assert difference(engine, oracle, without) is None
        if len(seen) > 60:
            return


def test_the_statuses_agree_with_what_fires(engine: Evaluator, base: RuleBase, today: dt.date) -> None:
    for facts in _drawn(base, 11, 150):
        found = engine.evaluate(facts, today=today, statuses=True)
        fired = {f.rule.id for f in found.trace}
        assert {r for r, s in found.statuses.items() if s.state == "fires"} == fired
        for rule, stand in found.statuses.items():
            assert bool(stand.waits_for) == (stand.state == "open"), rule
            assert not set(stand.waits_for) & set(found.facts), f"{rule} waits for what is known"


def test_the_comparison_notices_a_difference(base: RuleBase, engine: Evaluator) -> None:
    class Forgetful(ThreeValuedMatcher):
        def match(self, *args: Any) -> list[str]:
            return super().match(*args)[1:]

    assert difference(engine, Evaluator(base, Forgetful), {"gmv_30d": 50_000})


def test_the_generator_reaches_most_rules(oracle: Evaluator, base: RuleBase, today: dt.date) -> None:
    reached = {f.rule.id for facts in _drawn(base, 3, 600) for f in oracle.evaluate(facts, today=today).trace}
    shops = [r for r in base.rules.values() if r.each is None]
    assert len(reached) > 0.7 * len(shops)
    of_items = {kind.prefix + n for kind in base.items.values() for n in kind.facts}
    assert {c.name for r in base.rules.values() for c in conditions_of(r.when)} <= {
        *base.facts, *base.derived, *base.keys, *of_items,
    }  # fmt: skip


def test_the_generated_states_agree_with_each_rule_on_its_own(
    oracle: Evaluator, base: RuleBase, today: dt.date
) -> None:
    matcher = ThreeValuedMatcher(base.parameters)
    seen: set[str] = set()
    for facts in _drawn(base, 13, 60):
        view = oracle.evaluate(facts, today=today).view
        row = facts.get("category")
        for stratum in base.strata:
            states = matcher.statuses(stratum, view, row)
            for rule, clauses in matcher.compiled(stratum, row):
                slow = status(clauses, view)
                seen.add(slow.state)
                assert states[rule.id].state == slow.state, rule.id
                assert states[rule.id].waits_for == slow.waits_for
    assert seen == {"fires", "blocked", "open"}
