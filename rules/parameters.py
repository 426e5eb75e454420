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
from pydantic_core import PydanticCustomError

from rules.errors import DataError, Finding, explain, phrase
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
                low, high = map(written, self.range)
                right = phrase("in_range", low=low, high=high)
                values = {"field": "value", "value": written(value), "low": low, "high": high, "right": right}
                raise PydanticCustomError("outside_range", "range", values)
        if self.source == "public" and not self.ref:
            raise PydanticCustomError("public_without_ref", "ref")
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
    """All parameters with the overrides applied.

    `changed` names those an operator changed, `places` file and line of each change, `plain` holds them as
    they were before.
    """

    all: AbcMapping[str, Parameter]
    changed: AbcMapping[str, Override] = field(default_factory=dict)
    places: AbcMapping[str, tuple[str, int]] = field(default_factory=dict)
    plain: AbcMapping[str, Parameter] = field(default_factory=dict)

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
            findings.append(
                Finding(
                    shown, 1, "file", "file_not_a_mapping", {"example": "参数: {value: …, range: […, …]}"}
                )
            )
            continue
        for name, entry in data.items() if not bad else ():
            line = data.lines[name]
            if name in out:
                findings.append(Finding(shown, line, name, "twice"))
                continue
            out_entry, more = _validated(name, entry, shown, line)
            findings += more
            if out_entry is not None:
                out[name] = out_entry
    if findings:
        raise DataError(findings)
    return out


def written(value: float) -> str:
    """A number as it is typed: 100000, 0.15."""
    return f"{value:.12g}"


def _validated(name: str, entry: Any, file: str, line: int) -> tuple[Parameter | None, list[Finding]]:
    if not isinstance(entry, dict):
        return None, [Finding(file, line, name, "not_a_mapping", {"example": "{value: …, range: […, …]}"})]
    try:
        return Parameter.model_validate({**entry, "name": name}), []
    except ValidationError as error:
        return None, explain(error, entry, Parameter.model_fields, file, line, name)
