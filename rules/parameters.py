"""Parameters: every number that a rule or a formula rests on, with its unit, range and source.

A parameter may have a row per category (`by_category`); `value` is then the generic row. An operator's
overrides replace values, never names; they are dated and shown as 已改 in the answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping as AbcMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, StrictFloat, StrictInt, ValidationError, model_validator

from rules.errors import DataError, Finding, explain
from rules.facts import DATA
from rules.yaml_lines import Mapping, read_yaml

Source = Literal["seed", "public", "default"]
Number = StrictInt | StrictFloat  # neither "0.8" nor true is a number
Table = dict[str, dict[str, Number]]


class Parameter(BaseModel):
    """One editable number (or a small table of whole points)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    title: str
    title_en: str
    value: Number | Table
    unit: str | None = None
    range: tuple[Number, Number]
    by_category: dict[str, Number] = {}
    source: Source
    ref: list[str] = []
    note: str | None = None
    reviewed: dt.date
    formerly: list[str] = []
    stands_for: str | None = None  # the fact it replaces while that is unknown

    @model_validator(mode="after")
    def _within(self) -> Parameter:
        for value in self.numbers():
            if not self.range[0] <= value <= self.range[1]:
                raise ValueError(f"{value:g} lies outside `range` {self.range[0]:g}–{self.range[1]:g}")
        if self.source == "public" and not self.ref:
            raise ValueError("a public number names its source in `ref`")
        return self

    def numbers(self) -> list[Number]:
        """All numbers of this parameter, whatever its shape."""
        if isinstance(self.value, dict):
            return [n for row in self.value.values() for n in row.values()]
        return [self.value, *self.by_category.values()]


class Override(BaseModel):
    """One line of the operator's file: `pt.step: {value: 0.15, why: …, by: …, on: 2026-11-23}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    value: Number | Table | None = None
    by_category: dict[str, Number] = {}
    why: str
    by: str
    on: dt.date


@dataclass(frozen=True)
class Parameters:
    """All parameters with the overrides applied. `changed` names those an operator changed."""

    all: AbcMapping[str, Parameter]
    changed: AbcMapping[str, Override] = field(default_factory=dict)

    def number(self, name: str, category: str | None = None) -> Number:
        """The number of `name`, from the row of `category` where the parameter has one."""
        parameter = self.all[name]
        if category is not None and category in parameter.by_category:
            return parameter.by_category[category]
        value = parameter.value
        if isinstance(value, dict):
            raise TypeError(f"{name} is a table")
        return value

    def has_row(self, name: str, category: str | None) -> bool:
        """Whether `category` has a row of its own (else the generic value counts)."""
        return category is not None and category in self.all[name].by_category

    def table(self, name: str) -> Table:
        value = self.all[name].value
        if not isinstance(value, dict):
            raise TypeError(f"{name} is a number")
        return value


def load_parameters(folder: Path = DATA / "parameters") -> dict[str, Parameter]:
    """All parameters by name. Raises `DataError` with a finding for each thing wrong."""
    out: dict[str, Parameter] = {}
    findings: list[Finding] = []
    for path in sorted(folder.glob("*.yaml")):
        shown = f"rules/data/parameters/{path.name}"
        data, bad = read_yaml(path, shown)
        findings += bad
        if not bad and not isinstance(data, Mapping):
            findings.append(Finding(shown, 1, "file", "is not a mapping", "parameter: {value: …, range: …}"))
            continue
        for name, entry in data.items() if not bad else ():
            line = data.lines[name]
            if name in out:
                findings.append(Finding(shown, line, name, "stands twice", "one home for a number"))
                continue
            out_entry, more = _validated(Parameter, name, entry, shown, line)
            findings += more
            if out_entry is not None:
                out[name] = out_entry
    if findings:
        raise DataError(findings)
    return out


def apply_overrides(parameters: dict[str, Parameter], path: Path | None) -> Parameters:
    """The parameters with the operator's file on top; no file means no change.

    Raises:
        DataError: an unknown name, a value outside the parameter's range, a missing `why`, `by` or `on`.
    """
    if path is None:
        return Parameters(parameters)
    data, findings = read_yaml(path)
    merged = dict(parameters)
    changed: dict[str, Override] = {}
    if not findings and not isinstance(data, Mapping):
        findings = [
            Finding(str(path), 1, "file", "is not a mapping", "parameter: {value: …, why: …, by: …, on: …}")
        ]
    names = {old: p.name for p in parameters.values() for old in [p.name, *p.formerly]}
    for given, entry in (data or {}).items() if not findings else ():
        line = data.lines[given]
        name = names.get(given)
        if name is None:
            findings.append(
                Finding(str(path), line, given, "no parameter of this name", _nearest(given, names))
            )
            continue
        override, more = _validated(Override, None, entry, str(path), line, given)
        findings += more
        if override is None:
            continue
        old = parameters[name]
        update: dict[str, Any] = {"by_category": {**old.by_category, **override.by_category}}
        if override.value is not None:
            update["value"] = override.value
            if _shape(override.value) != _shape(old.value):
                at = getattr(entry, "lines", {}).get("value", line)
                findings.append(Finding(str(path), at, given, "value: has another shape", _shaped(old.value)))
                continue
        new, more = _validated(
            Parameter, name, {**old.model_dump(exclude={"name"}), **update}, str(path), line, given
        )
        findings += more
        if new is not None:
            merged[name] = new
            changed[name] = override
    if findings:
        raise DataError(findings)
    return Parameters(merged, changed)


def _shape(value: Number | Table) -> dict[str, set[str]] | None:
    """The names of the rows and columns of a table; None for a number."""
    return {row: set(cells) for row, cells in value.items()} if isinstance(value, dict) else None


def _shaped(value: Number | Table) -> str:
    if not isinstance(value, dict):
        return "a number"
    return "a table of " + ", ".join(f"{row} ({' '.join(cells)})" for row, cells in value.items())


def _nearest(name: str, known: AbcMapping[str, str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"the nearest is {close[0]}" if close else "a name from rules/data/parameters"


def _validated(
    model: type[Any], name: str | None, entry: Any, file: str, line: int, id_: str | None = None
) -> tuple[Any, list[Finding]]:
    id_ = id_ or name or "?"
    if not isinstance(entry, dict):
        return None, [Finding(file, line, id_, "is not a mapping", "value: …")]
    try:
        return model.model_validate({**entry, **({"name": name} if name else {})}), []
    except ValidationError as error:
        return None, explain(error, entry, model.model_fields, file, line, id_)
