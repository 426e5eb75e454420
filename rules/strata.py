"""Who reads whom decides the order of running: the strata, computed from the rules."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rules.conditions import conditions_of
from rules.errors import DataError, Finding
from rules.model import CompiledRule, Key, Stratum


def reads(rule: CompiledRule, keys: dict[str, Key]) -> set[str]:
    """The conclusion keys that a rule reads."""
    clauses = (*rule.when, *rule.provisional_while)
    return {c.name for c in conditions_of(clauses) if c.name in keys}


def stratify(rules: Sequence[CompiledRule], keys: dict[str, Key], offset: int = 0) -> tuple[Stratum, ...]:
    """The rules in as few strata as the order of reading allows (as in Datalog), numbered from `offset`.

    Keys that one rule writes together run together. Raises `DataError` naming the rules of a cycle.
    """
    group = {k: k for k in keys}

    def find(key: str) -> str:
        while group[key] != key:
            key = group[key]
        return key

    for rule in rules:
        first, *rest = rule.rule.then
        for other in rest:
            group[find(other)] = find(first)

    needs: dict[str, set[str]] = {find(k): set() for k in keys}
    because: dict[tuple[str, str], CompiledRule] = {}
    for rule in rules:
        target = find(next(iter(rule.rule.then)))
        rows = {k.row_by for n in rule.rule.then if (k := keys[n]).row_by}
        rows |= {p["stage"] for n, p in rule.rule.then.items() if keys[n].resolve == "gaps"}
        for key in reads(rule, keys) | {r for r in rows if r in keys}:
            needs[target].add(find(key))
            because.setdefault((target, find(key)), rule)

    level: dict[str, int] = {}
    path: list[str] = []

    def depth(key: str) -> int:
        if key in level:
            return level[key]
        if key in path:
            cycle = [*path[path.index(key) :], key]
            guilty = [because[a, b] for a, b in itertools.pairwise(cycle)]
            names = ", ".join(r.id for r in guilty)
            raise DataError(
                [
                    Finding(
                        guilty[0].file,
                        guilty[0].line,
                        guilty[0].id,
                        "circle",
                        {"circle": " → ".join(cycle), "rules": names},
                    )
                ]
            )
        path.append(key)
        level[key] = 1 + max((depth(k) for k in sorted(needs[key])), default=-1)
        path.pop()
        return level[key]

    for key in sorted(needs):
        depth(key)
    out = []
    for index in range(max(level.values(), default=-1) + 1):
        mine = tuple(k for k in keys if level[find(k)] == index)
        chosen = tuple(r for r in rules if next(iter(r.rule.then)) in mine)
        out.append(Stratum(offset + index, chosen, mine))
    return tuple(out)
