"""The names, values and forms of one rule, checked against all that it names."""

from __future__ import annotations

import difflib
from typing import Any

from rules.conditions import AnyOf, Clause, Condition, ConditionError, parse
from rules.errors import Finding
from rules.facts import NUMERIC, Fact
from rules.match.durable import MAX_TESTS, RESERVED, engine_rules
from rules.model import CompiledRule, Key, Shown
from rules.parameters import Parameters
from rules.resolve import check_payload, check_transfer
from rules.yaml_lines import Mapping


class Place:
    """Where a rule stands, for findings about it."""

    def __init__(self, findings: list[Finding], names: set[str], file: str, entry: Mapping, id_: str) -> None:
        self.findings, self.names = findings, names
        self.file, self.entry, self.id = file, entry, id_
        self.broken = False

    def find(self, what: str, right: str = "", field: str = "when") -> None:
        self.broken = True
        line = self.entry.lines.get(field, self.entry.line)
        self.findings.append(Finding(self.file, line, self.id, what, right))

    def clause(self, item: object, index: int) -> Clause:
        try:
            return parse(item)
        except ConditionError as error:
            self.find(f"condition {index + 1}: {error}")
            return AnyOf(())

    def check_parameter(self, name: str, parameters: Parameters) -> None:
        if name not in parameters.all:
            self.find(f"there is no parameter {name}", near(name, dict(parameters.all)))
        elif isinstance(parameters.all[name].value, dict):
            self.find(f"{name} is a table", "a parameter that is one number")

    def check_rests_on(self, names: list[str], known: dict[str, Any]) -> None:
        for name in names:
            if name not in known:
                self.find(f"rests on {name}, which is no fact or number", near(name, known), "rests_on")

    def check_condition(
        self,
        condition: Condition,
        names: dict[str, Any],
        facts: dict[str, Fact],
        derived: dict[str, Shown],
        keys: dict[str, Key],
        parameters: Parameters,
    ) -> None:
        name, form = condition.name, condition.form
        said = f"`{condition.text}`: "
        if name not in names or name in RESERVED:
            self.find(f"{said}there is no `{name}`", near(name, names))
            return
        if form in {"concluded", "not_concluded"} and name not in keys:
            self.find(f"{said}{name} is a fact, not a conclusion", f"`{name} known` or `{name} unknown`")
        if form in {"known", "unknown"} and name in keys:
            self.find(f"{said}{name} is a conclusion", f"`concluded {name}` or `not concluded {name}`")
        if form == "compare":
            number = name in derived or (name in facts and facts[name].type in NUMERIC)
            number = number or (name in keys and keys[name].resolve == "score")
            if not number:
                self.find(f"{said}{name} is no number", "`is`, `in` or `has`")
                return
            assert condition.operand
            for parameter in condition.operand.names():
                self.check_parameter(parameter, parameters)
            if not self.broken and name in facts:
                low, high = facts[name].range or (0, 0)
                for value in {condition.operand.value(parameters, c) for c in _categories(facts)}:
                    if not low <= value <= high:
                        self.find(
                            f"{said}{value:g} lies outside {name} ({low:g}–{high:g})", "a reachable threshold"
                        )
                        break
        if form in {"is", "is_not", "in", "not_in", "has", "lacks"}:
            self._check_values(said, condition, facts, derived, keys)

    def _check_values(
        self,
        said: str,
        condition: Condition,
        facts: dict[str, Fact],
        derived: dict[str, Shown],
        keys: dict[str, Key],
    ) -> None:
        name = condition.name
        listed = condition.form in {"has", "lacks"}
        if name in facts:
            fact = facts[name]
            allowed: list[Any] = [True, False] if fact.type == "bool" else list(fact.values)
            many = fact.type == "set"
        elif name in keys:
            key = keys[name]
            allowed = [True, False] if key.values == "bool" else list(key.values)
            many = key.resolve == "flags"
        else:
            allowed = [True, False] if derived[name].type == "flag" else []
            many = False
        if not allowed or many != listed:
            self.find(
                f"{said}{name} cannot be asked this way", "a number is compared, a list `has`, a value `is`"
            )
            return
        for value in condition.values:
            if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
                shown = (
                    ", ".join(map(str, allowed)).lower()
                    if isinstance(allowed[0], bool)
                    else ", ".join(allowed)
                )
                self.find(f"{said}{value} is no value of {name}", f"one of {shown}")

    def check_conclusion(
        self,
        key: str,
        payload: Any,
        keys: dict[str, Key],
        parameters: Parameters,
        wording: dict[str, dict[str, str]],
    ) -> None:
        if key not in keys:
            self.find(f"there is no conclusion {key}", near(key, keys), "then")
            return
        spec = keys[key]
        if spec.resolve == "transfer":
            for problem in check_transfer(payload, parameters):
                self.find(f"{key}: {problem}", "start, move, halve, fill or cap", "then")
            number = self.id.partition(".")[0]
            if number not in spec.order:
                self.find(
                    f"{number} has no place in the order of {key}", f"{number} in `order` of the key", "then"
                )
            return
        if spec.resolve in {"score", "gaps"}:
            for problem in check_payload(spec, payload, parameters):
                self.find(f"{key}: {problem}", "the form of the key", "then")
            return
        for value in payload if isinstance(payload, list) else [payload]:
            allowed = [True, False] if spec.values == "bool" else spec.values
            if value not in allowed or isinstance(value, bool) != (spec.values == "bool"):
                self.find(
                    f"{key}: {value} is none of its values",
                    f"one of {', '.join(map(str, allowed)).replace('True, False', 'true, false')}",
                    "then",
                )
            elif spec.public and {f"{key}.{value}", f"{key}.*"}.isdisjoint({*wording, *self.names}):
                self.find(f"nobody words {key}.{value}", "an entry in rules/data/wording", "then")

    def check_engine(self, rule: CompiledRule, parameters: Parameters) -> None:
        conjunctions = engine_rules(rule, parameters, None)
        if len(conjunctions) > 20:
            self.find(f"unfolds into {len(conjunctions)} engine rules", "at most 20: fewer alternatives")
        if any(len(c) > MAX_TESTS for c in conjunctions):
            self.find(f"has more than {MAX_TESTS} tests at once", "a rule split in two")


def near(name: str, known: Any) -> str:
    """What would be right: the nearest of the known names."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"the nearest is {close[0]}" if close else "a name that exists"


def _categories(facts: dict[str, Fact]) -> list[str | None]:
    return [None, *facts["category"].values] if "category" in facts else [None]
