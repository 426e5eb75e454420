"""What a rule concludes and has done, in words, with the numbers that count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from rules.model import RuleBase
from rules.parameters import Parameter
from rules.render import money, percent, plain
from rules.yaml_lines import read_yaml


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    """The sentences of the catalogue (describe.yaml)."""
    content, _ = read_yaml(Path(__file__).parent / "describe.yaml")
    return dict(content)


def number(parameter: Parameter, value: float) -> str:
    """The number of a parameter with its unit."""
    if parameter.unit == "元":
        return money(value, "zh")
    return percent(value) if parameter.unit is None else f"{plain(value)}{parameter.unit}"


def filled(base: RuleBase, template: str) -> str:
    """A text with the numbers of its parameters; what depends on the shop is named in brackets."""

    def shown(match: re.Match[str]) -> str:
        name = match[1]
        if name in base.parameters.all:
            parameter = base.parameters.all[name]
            return (
                number(parameter, parameter.value)
                if not isinstance(parameter.value, dict)
                else parameter.title
            )
        table, _, cell = name.partition(".share.")
        if table in base.parameters.all and cell:
            return number(base.parameters.all[table], base.parameters.table(table)["share"][cell])
        known = next((g[name].title for g in (base.facts, base.derived) if name in g), None)
        return f"〔{known or '按你的数算'}〕"

    return re.sub(r"\{([A-Za-z][A-Za-z0-9_.]*)\}", shown, template)


def value_in_words(base: RuleBase, name: str, value: Any, number_: str | None = None) -> str | None:
    """A value of a conclusion in words: its title, its sentence, its task, or the rule that concludes it."""
    key = base.keys.get(name)
    if key and value in key.titles:
        return filled(base, key.titles[value].zh).rstrip("。")
    for code in (f"{name}.{value}@{number_}", f"{name}.{value}"):
        if code in base.wording:
            return filled(base, base.wording[code]["zh"]).rstrip("。")
    if value in base.tasks:
        return filled(base, base.tasks[value].text).rstrip("。")
    writers = (base.rules[w].rule for w in base.writers.get(name, ()))
    return next((r.title for r in writers if value in _values(r.then[name])), None)


def conclusion(base: RuleBase, name: str, value: Any, number_: str) -> Iterator[str]:
    """What a rule concludes under one key, a sentence each."""
    title, resolve = base.keys[name].title, base.keys[name].resolve
    if isinstance(value, bool):
        yield f"{title}:{'是' if value else '否'}"
    elif isinstance(value, dict):
        told = _moves(base, value) if resolve == "transfer" else _scored(base, name, value)
        yield f"{title}:{';'.join(told)}"
    else:
        for one in _values(value):
            yield f"{title}:{value_in_words(base, name, one, number_) or one}"


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _scored(base: RuleBase, name: str, value: dict[str, Any]) -> Iterator[str]:
    said, parameters = words()["conclusions"], base.parameters.all
    if "against" in value:
        yield said["gaps"].format(title=parameters[value["against"]].title)
    elif "penalty" in value:
        one = parameters[value["penalty"]]
        yield said["penalty"].format(points=number(one, base.parameters.number(one.name)))
    else:
        weights = parameters[base.keys[name].weights or ""]
        yield said["part"].format(title=weights.title, share=percent(value["share"]))


def _moves(base: RuleBase, value: dict[str, Any]) -> Iterator[str]:
    said, ((kind, given),) = words()["conclusions"], value.items()
    if kind in {"start", "cap"}:
        yield said[kind].format(title=base.parameters.all[given].title)
    elif kind == "halve":
        yield said[kind].format(donors=_fields(given))
    else:
        for one in given if kind == "move" else [given]:
            points = one.get("until", one.get("points", "all"))
            if isinstance(points, str) and points in base.parameters.all:
                points = plain(base.parameters.number(points))
            code = "move_all" if points == "all" else kind
            yield said[code].format(donors=_fields(one["from"]), to=_fields(one["to"]), points=points)


def _fields(names: str | list[str]) -> str:
    return "、".join(words()["fields"][n] for n in _values(names))
