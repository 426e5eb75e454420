"""Three-valued matching: a rule fires, is blocked, or is open, with the names it waits for.

Same rule data and same signature as the engine's matcher; the oracle of the differential test, and what
explanations are made from.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rules.conditions import Test, View, compile_clauses
from rules.match.generated import generate, generate_states
from rules.model import CompiledRule, Stratum
from rules.parameters import Parameters

State = Literal["fires", "blocked", "open"]

_OPS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Status:
    """How a rule stands: `read` are the names whose true tests made it fire, `waits_for` what is unknown."""

    state: State
    read: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()


_FIRES, _BLOCKED = Status("fires"), Status("blocked")


def status(clauses: list[list[list[Test]]], view: View) -> Status:
    """The status of a compiled rule against a view."""
    get = view.get
    read: list[str] = []
    waits: list[str] = []
    for alternatives in clauses:
        best: bool | None = False
        waiting: list[str] = []
        for conjunction in alternatives:
            unknown: list[str] = []
            for test in conjunction:
                value = get(test.attribute)
                if value is None:
                    unknown.append(test.name)
                elif not _OPS[test.op](value, test.constant):
                    break
            else:
                if not unknown:
                    best = True
                    read += [t.name for t in conjunction]
                    break
                best = None
                waiting += unknown
        if best is False:
            return _BLOCKED
        if best is None:
            waits += waiting
    if waits:
        return Status("open", (), tuple(dict.fromkeys(waits)))
    return Status("fires", tuple(dict.fromkeys(read)))


class ThreeValuedMatcher:
    """Matches strata of one rule base. Compiled rules are kept per category."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self._functions: dict[tuple[int, str | None], Callable[[View], list[str]]] = {}
        self._states: dict[tuple[int, str | None], Callable[[View], list[bool | None]]] = {}
        self._cache: dict[tuple[int, str | None], list[tuple[CompiledRule, list[list[list[Test]]]]]] = {}

    def compiled(
        self, stratum: Stratum, category: str | None
    ) -> list[tuple[CompiledRule, list[list[list[Test]]]]]:
        key = (stratum.index, category)
        if key not in self._cache:
            self._cache[key] = [
                (r, compile_clauses(r.when, self.parameters, category)) for r in stratum.rules
            ]
        return self._cache[key]

    def statuses(self, stratum: Stratum, view: View, category: str | None) -> dict[str, Status]:
        """The status of every rule of the stratum, by id; what a firing rule read is left to `status`."""
        key = (stratum.index, category)
        compiled = self.compiled(stratum, category)
        if key not in self._states:
            self._states[key] = generate_states(compiled)
        out: dict[str, Status] = {}
        for (rule, clauses), state in zip(compiled, self._states[key](view), strict=True):
            out[rule.rule.id] = status(clauses, view) if state is None else _FIRES if state else _BLOCKED
        return out

    def match(self, stratum: Stratum, view: View, category: str | None) -> list[str]:
        """Ids of the rules that fire, in catalogue order."""
        key = (stratum.index, category)
        if key not in self._functions:
            self._functions[key] = generate(self.compiled(stratum, category))
        return self._functions[key](view)
