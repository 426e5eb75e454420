"""A rule told to people: its conditions in Chinese, with the numbers that count now and their origin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rules.conditions import AnyOf, Clause, Condition, Operand, conditions_of
from rules.facts import Fact
from rules.model import CompiledRule, RuleBase
from rules.parameters import Parameter
from rules.render import money, percent, placeholders, plain
from rules.told import conclusion, filled, number, value_in_words, words
from rules.yaml_lines import read_yaml

CASES = Path(__file__).parents[1] / "tests/rules"
STATES = {True: "已改", False: "默认"}
SOURCES = {"seed": "原始资料", "public": "公开来源", "default": "默认值"}


class Describer:
    """Describes the rules of one base. Names, values and units are those of the data."""

    def __init__(self, base: RuleBase) -> None:
        self.base = base
        self.facts: dict[str, Fact] = dict(base.facts)
        for kind in base.items.values():
            self.facts |= {kind.prefix + name: fact for name, fact in kind.facts.items()}

    # -- names and numbers ------------------------------------------------------------------------------

    def name(self, name: str) -> str:
        """The title of a fact, derived number or conclusion."""
        for known in (self.facts, self.base.derived, self.base.keys):
            if name in known:
                return known[name].title
        return name

    def value(self, name: str, value: Any) -> str:
        """A value that `name` may hold, in words."""
        if isinstance(value, bool):
            return "是" if value else "否"
        if name in self.facts and value in self.facts[name].values:
            return self.facts[name].values[value].title
        return value_in_words(self.base, name, value) or str(value)

    def _number(self, name: str, value: float) -> str:
        fact, shown = self.facts.get(name), self.base.derived.get(name)
        type_, unit = (fact.type, fact.unit) if fact else (shown.type, shown.unit) if shown else ("", None)
        if type_ == "money":
            return money(value, "zh")
        return percent(value) if type_ in {"ratio", "index"} else f"{plain(value)}{unit or ''}"

    def parameter(self, name: str) -> dict[str, Any]:
        """A parameter as it counts now: value, source, year of its review, and who changed it if anybody."""
        all_, changed = self.base.parameters.all, self.base.parameters.changed.get(name)
        one = all_[name]
        out: dict[str, Any] = {
            "parameter": name,
            "title": one.title,
            "value": one.value,
            "by_category": one.by_category,
            "unit": one.unit,
            "range": list(one.range),
            "source": one.source,
            "ref": one.ref,
            "note": one.note,
            "reviewed": one.reviewed.isoformat(),
            "state": STATES[changed is not None],
        }
        if changed:
            out["changed"] = {"why": changed.why, "by": changed.by, "on": changed.on.isoformat()}
        return out

    # -- conditions ---------------------------------------------------------------------------------------

    def alternatives(self, clause: Clause) -> list[str]:
        """A condition in Chinese; of one with alternatives each of them."""
        if isinstance(clause, AnyOf):
            return [",并且".join(map(self._condition, c)) for c in clause.alternatives]
        return [self._condition(clause)]

    def clause(self, clause: Clause) -> str:
        """A condition in one sentence, alternatives joined by 或者."""
        return ",或者".join(self.alternatives(clause))

    def _condition(self, condition: Condition) -> str:
        name, said = self.name(condition.name), words()["conditions"]
        if condition.operand is not None and condition.op is not None:
            number_ = self._operand(condition.name, condition.operand)
            return str(said[condition.op]).format(name=name, number=number_)
        form = "bool" if condition.values and isinstance(condition.values[0], bool) else condition.form
        values = "或".join(
            v if form == "bool" else f"“{v}”"
            for v in (self.value(condition.name, x) for x in condition.values)
        )
        if condition.form in {"is_not", "not_in"} and form == "bool":
            values = "否" if values == "是" else "是"
        return str(said[form]).format(name=name, values=values)

    def _operand(self, name: str, operand: Operand) -> str:
        def part(one: float | str) -> str:
            if isinstance(one, str):
                return self.line(one)
            return self._number(name, one) if operand.factor == 1 else plain(one)

        return (
            part(operand.base) if operand.factor == 1 else f"{part(operand.base)} 乘 {part(operand.factor)}"
        )

    def line(self, name: str) -> str:
        """The number of a parameter, its rows, where it comes from and the name to change it by."""
        one, before = self.base.parameters.all[name], self.base.parameters.plain.get(name)
        changed = name in self.base.parameters.changed
        origin = SOURCES[one.source]
        if changed and before and before.value != one.value:
            origin = f"已改,默认 {self.shown(before)}"
        elif changed:
            origin = "已改"
        return f"{self.shown(one)}〔{origin},在 {name} 改〕"

    def shown(self, one: Parameter) -> str:
        """The number of a parameter with the rows of categories that differ."""
        if isinstance(one.value, dict):
            return f"表“{one.title}”"
        rows = [(c, v) for c, v in one.by_category.items() if v != one.value]
        told = "、".join(f"{self.value('category', c)} {number(one, v)}" for c, v in rows)
        return number(one, one.value) + (f"({told})" if told else "")

    # -- rules --------------------------------------------------------------------------------------------

    def parameters_of(self, rule: CompiledRule) -> list[str]:
        """The parameters a rule names: in its conditions, its weight, what it concludes and its steps."""
        names: dict[str, None] = {}
        for condition in conditions_of((*rule.when, *rule.provisional_while)):
            names |= dict.fromkeys(condition.operand.names() if condition.operand else ())
        names |= dict.fromkeys(_texts([rule.rule.weight, rule.rule.then]))
        for step in rule.rule.steps:
            names |= dict.fromkeys(n for text in self.base.steps[step].text for n in placeholders(text))
        return [n for n in names if n in self.base.parameters.all]

    def facts_of(self, rule: CompiledRule) -> list[str]:
        """The facts, derived numbers and conclusions a rule reads, and the facts behind its numbers."""
        names = dict.fromkeys(c.name for c in conditions_of((*rule.when, *rule.provisional_while)))
        todo = list(names)
        while todo:
            known = self.base.derived.get(todo.pop())
            behind = [n for way in known.needs for n in way if n not in names] if known else []
            names |= dict.fromkeys(behind)
            todo += behind
        return list(names)

    def step(self, id_: str) -> str:
        """A step in words, with the numbers that count now."""
        return filled(self.base, self.base.steps[id_].text[0])

    def short(self, rule: CompiledRule) -> dict[str, Any]:
        """A rule in one line."""
        one = rule.rule
        return {"id": one.id, "rule": one.number, "decision": rule.decision, "level": one.level,
                "source": one.source, "title": one.title, "then": one.then}  # fmt: skip

    def whole(self, rule: CompiledRule, cases: list[str]) -> dict[str, Any]:
        """Everything about a rule. `cases` are the names of the cases that speak of it."""
        one = rule.rule
        extra = one.model_dump(include={"weight", "decides", "confidence", "assumes", "note"})
        return {
            **self.short(rule),
            "each": rule.each,
            "when": [{"text": _plain(w), "zh": self.clause(c)}
                     for w, c in zip(one.when, rule.when, strict=True)],
            "provisional_while": [self.clause(c) for c in rule.provisional_while],
            "then_zh": [s for k, v in one.then.items() for s in conclusion(self.base, k, v, one.number)],
            "why": one.why,
            "passage": one.passage,
            "ref": one.ref,
            "steps": [{"id": s, "zh": self.step(s), "text": step.text, "text_en": step.text_en}
                      for s, step in ((s, self.base.steps[s]) for s in one.steps)],
            "parameters": [self.parameter(n) for n in self.parameters_of(rule)],
            "cases": cases,
            "place": f"{rule.file}:{rule.line}",
            **extra,
        }  # fmt: skip


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _plain(item: Any) -> str:
    """A condition as the YAML says it, on one line."""
    if isinstance(item, dict):
        return "any: [" + ", ".join(_plain(p) for p in item["any"]) + "]"
    return "[" + ", ".join(map(_plain, item)) + "]" if isinstance(item, list) else str(item)


def cases_of(folder: Path = CASES) -> dict[str, list[str]]:
    """Names of the cases by the id of the rule they speak of; empty where the tests are not at hand."""
    out: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.yaml")):
        content, findings = read_yaml(path, path.name)
        for case in content if not findings and isinstance(content, list) else ():
            spoken = [case, *case.get("items", {}).values()]
            for rule in dict.fromkeys(
                r for s in spoken for f in ("fires", "fires_not") for r in s.get(f, [])
            ):
                out.setdefault(rule, []).append(case["name"])
    return out
