"""Numbers as people write them, and templates filled from facts, derived numbers and parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rules.evaluate import Evaluation, allocation_yuan
from rules.model import RuleBase, Step

_PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_.]*)\}")


def placeholders(template: str) -> list[str]:
    """The names in {braces}: facts, derived numbers, parameters, shares of the allocation."""
    return _PLACEHOLDER.findall(template)


def plain(value: float, digits: int = 2) -> str:
    """A number without superfluous zeros: 3.5, 12,345, −6."""
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    text = "0" if text in {"-0", "0"} else text
    return text.replace("-", "−")


def money(value: float, language: str) -> str:
    """Yuan as people write it: 250元, 22.5万; in English 1,142,857 yuan."""
    if language == "en":
        return f"{plain(value, 0 if abs(value) >= 100 else 2)} yuan"
    if abs(value) >= 1e8:
        return f"{plain(value / 1e8)}亿"
    if abs(value) >= 1e4:
        tenth = plain(value / 1e4, 1)
        exact = abs(round(value / 1e4, 1) * 1e4 - value) < 0.5 or abs(value) >= 1e6
        return f"{tenth if exact else plain(value / 1e4)}万"
    return f"{plain(value, 0 if abs(value) >= 100 else 2)}元"


def percent(value: float) -> str:
    """A ratio as a percentage with at most one decimal: 0.036 is 3.6%."""
    return f"{plain(value * 100, 1)}%"


def _listed(names: Sequence[str], language: str) -> str | None:
    """Names as people list them, at most three."""
    if not names:
        return None
    shown = ("、" if language == "zh" else ", ").join(names[:3])
    if len(names) <= 3:
        return shown
    return f"{shown}等 {len(names)} 个" if language == "zh" else f"{shown} and {len(names) - 3} more"


def _cell(name: str) -> tuple[str, str, str]:
    """The table, row and column that `name` means."""
    rest, _, column = name.rpartition(".")
    table, _, row = rest.rpartition(".")
    return table, row, column


class Texts:
    """Fills templates for one evaluation. A template whose placeholder is unknown yields None."""

    def __init__(self, base: RuleBase, evaluation: Evaluation) -> None:
        self.base, self.evaluation = base, evaluation
        category = evaluation.facts.get("category")
        self.category = category if isinstance(category, str) else None
        self.items: str | None = None

    def show(self, name: str, value: Any, language: str) -> str:
        """The value of a fact, derived number or parameter, with its unit."""
        base = self.base
        if name in base.facts:
            fact = base.facts[name]
            if fact.type == "bool":
                return (
                    {True: "是", False: "否"}[value]
                    if language == "zh"
                    else {True: "yes", False: "no"}[value]
                )
            if fact.type == "enum":
                return fact.values[value].title if language == "zh" else str(value)
            if fact.type == "counts":
                zh = language == "zh"
                parts = [f"{fact.values[k].title if zh else k} {n}" for k, n in value.items()]
                return ("、" if zh else ", ").join(parts)
            if fact.type == "set":
                return (
                    "、".join(fact.values[v].title for v in value) if language == "zh" else ", ".join(value)
                )
            return self._typed(fact.type, fact.unit, value, language)
        if name in base.derived:
            shown = base.derived[name]
            return self._typed(shown.type, shown.unit, value, language, shown.digits)
        parameter = base.parameters.all[name if name in base.parameters.all else _cell(name)[0]]
        if parameter.unit == "元":
            return money(value, language)
        if parameter.unit is None:
            return percent(value)
        if language == "en" and parameter.unit != "秒":  # English templates name the unit themselves
            return plain(value)
        return self._typed("number", parameter.unit, value, language)

    def _typed(self, type_: str, unit: str | None, value: Any, language: str, digits: int = 2) -> str:
        if type_ == "money":
            return money(value, language)
        if type_ in {"ratio", "index"}:
            return percent(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            text = plain(value, 0 if type_ == "int" else digits)
            tail = unit or ""
            return f"{text}{tail}" if language == "zh" else f"{text} {self.base.units.get(tail, '')}".rstrip()
        return str(value)

    def value(self, name: str) -> Any:
        """What `name` stands for: a fact, a derived number, a parameter or a cell of one that is a table
        (`cp.split.share.day`), a share of the allocation."""
        evaluation = self.evaluation
        if name == "items":
            return self.items
        head, _, tail = name.partition(".")
        if head in {"allocation", "share"} and tail in {"F", "A", "C", "T"}:
            shares = evaluation.value("allocation")
            if shares is None:
                return None
            return shares[tail] if head == "share" else (allocation_yuan(evaluation) or {}).get(tail)
        if name in evaluation.derived.values:
            return evaluation.derived.values[name]
        if name in evaluation.facts:
            return evaluation.facts[name]
        if name in self.base.parameters.all:
            parameter = self.base.parameters.all[name]
            metric = name.removeprefix("bench.")
            peer = evaluation.facts.get(f"peer_{metric}") if metric != name else None
            return peer or (
                None
                if isinstance(parameter.value, dict)
                else self.base.parameters.number(name, self.category)
            )
        table, row, column = _cell(name)
        if table in self.base.parameters.all:
            return self.base.parameters.table(table)[row][column]
        return None

    def fill(self, template: str, language: str) -> str | None:
        """The template with every {name} shown, or None where one is unknown."""
        out = []
        at = 0
        for match in _PLACEHOLDER.finditer(template):
            value = self.value(match[1])
            if value is None:
                return None
            head = match[1].partition(".")[0]
            if head == "share":
                shown = f"{value}%"
            elif head == "items":
                shown = value
            elif head == "allocation":
                shown = money(value, language)
            else:
                shown = self.show(match[1], value, language)
            out += [template[at : match.start()], shown]
            at = match.end()
        return "".join(out) + template[at:]

    def first(self, templates: list[str], language: str) -> str | None:
        """The first template whose every placeholder is known."""
        return next((t for t in (self.fill(x, language) for x in templates) if t is not None), None)

    def step(self, step: Step, language: str, items: Sequence[str] = ()) -> str:
        """The text of a step; the last variant of a step needs nothing unknown. {items}: those it is for."""
        self.items = _listed(items, language)
        found = self.first(step.text if language == "zh" else step.text_en, language)
        return found if found is not None else (step.text if language == "zh" else step.text_en)[-1]

    def wording(self, code: str, language: str, rule: str | None = None) -> str:
        """The sentence of a conclusion code; `code@rule` where that rule has its own and it can be filled,
        `key.*` where one sentence serves all values, with {value} as the value is called."""
        own = self.base.wording.get(f"{code}@{rule}")
        said = self.fill(own[language], language) if own else None
        key, _, value = code.partition(".")
        if code not in self.base.wording:
            title = self.base.keys[key].titles[value]
            named = title.zh if language == "zh" else title.en
            return self.base.wording[f"{key}.*"][language].replace("{value}", named)
        return (
            said
            or self.fill(self.base.wording[code][language], language)
            or self.base.wording[code][language]
        )
