"""The names, values and forms of one rule, checked against all that it names."""

from __future__ import annotations

from typing import Any

from rules.conditions import AnyOf, Clause, Condition, ConditionError, parse
from rules.errors import Finding, near, shown
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

    def find(self, code: str, field: str = "when", /, **values: object) -> None:
        self.broken = True
        line = self.entry.lines.get(field, self.entry.line)
        self.findings.append(Finding(self.file, line, self.id, code, values))

    def blame(self, name: str, parameters: Parameters, code: str, **values: object) -> bool:
        """A finding about the operator's line where that is what changed the parameter."""
        if name not in parameters.changed:
            return False
        self.broken = True
        file, line = parameters.places[name]
        finding = Finding(file, line, name, code, values)
        if finding not in self.findings:
            self.findings.append(finding)
        return True

    def clause(self, item: object, index: int) -> Clause:
        try:
            return parse(item)
        except ConditionError as error:
            self.find(error.code, number=index + 1, **error.values)
            return AnyOf(())

    def check_parameter(self, name: str, parameters: Parameters) -> None:
        if name not in parameters.all:
            self.find("no_parameter", name=name, near=near(name, parameters.all))
        elif isinstance(parameters.all[name].value, dict):
            self.find("parameter_is_table", name=name)

    def check_rests_on(self, names: list[str], known: dict[str, Any]) -> None:
        for name in names:
            if name not in known:
                self.find("rests_on_nothing", "rests_on", name=name, near=near(name, known))

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
        said = {"text": condition.text, "name": name}
        if name not in names or name in RESERVED:
            self.find("condition_no_name", **said, near=near(name, names))
            return
        if form in {"concluded", "not_concluded"} and name not in keys:
            self.find("condition_is_fact", **said)
        if form in {"known", "unknown"} and name in keys:
            self.find("condition_is_key", **said)
        if form == "compare":
            number = name in derived or (name in facts and facts[name].type in NUMERIC)
            number = number or (name in keys and keys[name].resolve == "score")
            if not number:
                self.find("condition_no_number", **said)
                return
            assert condition.operand
            for parameter in condition.operand.names():
                self.check_parameter(parameter, parameters)
            if not self.broken and name in facts:
                self._check_reach(condition, facts, parameters)
        if form in {"is", "is_not", "in", "not_in", "has", "lacks"}:
            self._check_values(said, condition, facts, derived, keys)

    def _check_reach(self, condition: Condition, facts: dict[str, Fact], parameters: Parameters) -> None:
        assert condition.operand
        fact = facts[condition.name]
        low, high = fact.range or (0, 0)
        for value in {condition.operand.value(parameters, c) for c in _categories(facts)}:
            if low <= value <= high:
                continue
            values = {"value": f"{value:g}", "low": f"{low:g}", "high": f"{high:g}"}
            own = next((n for n in condition.operand.names() if n in parameters.changed), "")
            about = {"rule": self.id, "title": fact.title}
            if not self.blame(own, parameters, "override_unreachable", **about, **values):
                self.find("condition_unreachable", text=condition.text, name=condition.name, **values)
            return

    def _check_values(
        self,
        said: dict[str, str],
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
            self.find("condition_other_form", **said)
            return
        for value in condition.values:
            if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
                self.find("condition_no_value", **said, value=shown(value), values=_listed(allowed))

    def check_conclusion(
        self,
        key: str,
        payload: Any,
        keys: dict[str, Key],
        parameters: Parameters,
        wording: dict[str, dict[str, str]],
    ) -> None:
        if key not in keys:
            self.find("no_conclusion", "then", name=key, near=near(key, keys))
            return
        spec = keys[key]
        if spec.resolve == "transfer":
            for code, values in check_transfer(payload, parameters):
                own = str(values.get("table"))
                if code != "shares_not_100" or not self.blame(
                    own, parameters, "shares_of_override", **values
                ):
                    self.find(code, "then", key=key, **values)
            number = self.id.partition(".")[0]
            if number not in spec.order:
                self.find("no_place_in_order", "then", number=number, key=key)
            return
        if spec.resolve in {"score", "gaps"}:
            for code, values in check_payload(spec, payload, parameters):
                self.find(code, "then", key=key, **values)
            return
        for value in payload if isinstance(payload, list) else [payload]:
            allowed = [True, False] if spec.values == "bool" else spec.values
            if value not in allowed or isinstance(value, bool) != (spec.values == "bool"):
                values = {"value": shown(value), "values": _listed(allowed)}
                self.find("conclusion_no_value", "then", key=key, **values)
            elif spec.public and {f"{key}.{value}", f"{key}.*"}.isdisjoint({*wording, *self.names}):
                self.find("unworded", "then", key=key, value=value)

    def check_engine(self, rule: CompiledRule, parameters: Parameters) -> None:
        conjunctions = engine_rules(rule, parameters, None)
        if len(conjunctions) > 20:
            self.find("too_many_alternatives", count=len(conjunctions))
        if any(len(c) > MAX_TESTS for c in conjunctions):
            self.find("too_many_tests", most=MAX_TESTS)


def _listed(values: list[Any]) -> str:
    return ", ".join(map(shown, values))


def _categories(facts: dict[str, Fact]) -> list[str | None]:
    return [None, *facts["category"].values] if "category" in facts else [None]
