"""A rule base cut down to what some conclusions need: the same answers for them at less cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from rules.model import RuleBase
from rules.strata import reads, stratify


def narrow(base: RuleBase, keys: Iterable[str]) -> RuleBase:
    """`base` with only `keys`, what they are concluded from, and the rules that write one of those.

    What is kept is concluded as by the whole base: a rule reads nothing but facts, derived numbers and the
    keys kept with it. Without items; facts, numbers, parameters and texts stay whole.
    """
    kept: set[str] = set()
    todo = list(keys)
    while todo:
        name = todo.pop()
        if name in kept:
            continue
        kept.add(name)
        if row := base.keys[name].row_by:
            todo.append(row)
        for rule in (base.rules[r] for r in base.writers[name]):
            todo += [*rule.rule.then, *reads(rule, base.keys)]
            todo += [p["stage"] for n, p in rule.rule.then.items() if base.keys[n].resolve == "gaps"]
        todo = [n for n in todo if n in base.keys]
    chosen = {n: k for n, k in base.keys.items() if n in kept}
    rules = [r for r in base.rules.values() if kept & set(r.rule.then)]
    writers = {k: base.writers[k] for k in chosen}
    return dataclasses.replace(
        base,
        keys=chosen,
        rules={r.id: r for r in rules},
        strata=stratify(rules, chosen),
        writers=writers,
        items={},
    )
