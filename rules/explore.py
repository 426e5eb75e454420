"""Questions about an evaluation that invent facts: here, what to ask next. The only caller that does."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rules.conditions import conditions_of
from rules.derive import missing
from rules.evaluate import Evaluation, Evaluator, Memo
from rules.facts import NUMERIC, Fact, Value
from rules.match.three_valued import status

_GRID = 8


@dataclass(frozen=True, slots=True)
class Open:
    """An unknown fact: the rules it would settle, and the share of its cells in which the advice changes."""

    fact: str
    unlocks: tuple[str, ...]
    value: float


def waiting(evaluation: Evaluation) -> dict[str, list[str]]:
    """Unknown facts and the rules that wait for them. The evaluation must hold statuses."""
    out: dict[str, list[str]] = {}
    for rule, stand in evaluation.statuses.items():
        if stand.state == "open":
            for fact in stand.waits_for:
                out.setdefault(fact, []).append(rule)
    return out


def settling(evaluator: Evaluator, evaluation: Evaluation, key: str) -> list[str]:
    """The unknown facts that could bring `key`, a choice with an `order`, to an earlier value.

    The rule nearest to firing first: the one with most of its conditions met, then with fewest facts missing,
    then the one whose value stands earliest. Cheap where `open_facts` would invent facts: a look at the rules
    that write the key; one that waits for another conclusion is passed over. Needs no statuses.
    """
    base = evaluator.base
    order = base.keys[key].order
    now = evaluation.value(key)
    ahead = order[: order.index(now)] if now in order else order
    known = {*evaluation.derived.values, *evaluation.facts, *evaluation.derived.null}
    ranked = []
    for id_ in base.writers[key]:
        value = base.rules[id_].rule.then[key]
        if value not in ahead:
            continue
        clauses = evaluator.clauses(base.rules[id_], evaluation)
        stands = [status([c], evaluation.view) for c in clauses]
        waits = [s.waits_for for s in stands if s.state == "open"]
        if (
            not waits
            or any(s.state == "blocked" for s in stands)
            or base.keys.keys() & {n for w in waits for n in w}
        ):
            continue
        # of a clause with alternatives the cheapest is enough
        ways = [[missing(n, known, evaluator.needs) for n in w] for w in waits]
        if all(any(way) for way in ways):
            cost = sum(min(len(facts) for facts in way if facts) for way in ways)
            met = len(clauses) - len(waits)
            ranked.append(
                (-met, cost, order.index(value), [f for way in ways for facts in way for f in facts])
            )
    return list(dict.fromkeys(f for *_, facts in sorted(ranked) for f in facts))


def open_facts(
    evaluator: Evaluator, evaluation: Evaluation, today: dt.date, only: Iterable[str] | None = None
) -> list[Open]:
    """Open facts by how much the advice depends on them, the most first.

    `value` is the share of the cells of the fact's range, as cut by the open rules, in which some decision
    or step would differ from now. `only` restricts it to some facts (each costs some ten evaluations).
    """
    waits = waiting(evaluation)
    memo: Memo = {}
    now = _advice(evaluator, evaluator.outcome(evaluation.facts, today, evaluation, memo))
    out = []
    for name in waits if only is None else [n for n in only if n in waits]:
        fact = evaluator.base.facts[name]
        cells: list[tuple[str, ...]] = []
        differ = 0
        for value in _points(evaluator, fact, waits[name], evaluation):
            outcome = evaluator.outcome({**evaluation.facts, name: value}, today, evaluation, memo)
            if cells and outcome[1] == cells[-1]:
                continue
            cells.append(outcome[1])
            differ += _advice(evaluator, outcome) != now
        rules = tuple(dict.fromkeys(r.partition(".")[0] for r in waits[name]))
        out.append(Open(name, rules, round(differ / len(cells), 3) if cells else 0.0))
    return sorted(
        out, key=lambda o: (-o.value, min(evaluator.base.rules[r].rule.level for r in waits[o.fact]), o.fact)
    )


def _advice(evaluator: Evaluator, outcome: tuple[dict[str, Any], tuple[str, ...]]) -> tuple[Any, ...]:
    """What a person would notice: the public decisions and the steps."""
    concluded, fired = outcome
    rules = evaluator.base.rules
    shown = {k: v for k, v in concluded.items() if evaluator.base.keys[k].public}
    return shown, {s for r in fired for s in rules[r].rule.steps}


def _points(evaluator: Evaluator, fact: Fact, rules: list[str], evaluation: Evaluation) -> list[Value]:
    """Values of `fact` in ascending order, at least one in every cell that the open rules cut."""
    if fact.type == "bool":
        return [False, True]
    if fact.type == "enum":
        return list(fact.values)
    if fact.type == "set":
        return [[], *([v] for v in fact.values), list(fact.values)]
    if fact.type not in NUMERIC or fact.range is None:
        return []
    low, high = fact.range
    category = evaluation.facts.get("category")
    row = category if isinstance(category, str) else None
    cuts = {
        c.operand.value(evaluator.base.parameters, row)
        for r in rules
        for c in conditions_of(evaluator.base.rules[r].when)
        if c.operand and c.name == fact.name
    }
    points: set[float] = {low, high}
    edges = sorted({low, high, *cuts})
    for cut in cuts:
        points.add(cut)
    points |= {(a + b) / 2 for a, b in itertools.pairwise(edges)}
    if len(cuts) < 2:  # the rules read it through derived numbers, whose cuts are not at hand
        if fact.type == "ratio":
            points |= {low + (high - low) * i / _GRID for i in range(1, _GRID)}
        else:
            floor = max(low, 1.0)
            points |= {floor * (high / floor) ** (i / _GRID) for i in range(1, _GRID)}
    whole = fact.type == "int"
    values = sorted({int(p) if whole or p == int(p) else round(p, 4) for p in points if low <= p <= high})
    return list(values)
