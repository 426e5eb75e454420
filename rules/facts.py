"""The fact dictionary: what can be known about a merchant, read from `data/facts/*.yaml`.

A fact has one home: its meaning, unit and range, the words people use for it, and the question that asks
for it all stand in the one YAML entry.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping as AbcMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from rules.errors import DataError, FactError, Finding, explain
from rules.yaml_lines import Mapping, read_yaml

DATA = Path(__file__).parent / "data"

FactType = Literal["bool", "int", "number", "ratio", "money", "enum", "set", "counts", "date"]
NUMERIC: frozenset[str] = frozenset({"int", "number", "ratio", "money"})
Value = bool | int | float | str | list[str] | dict[str, int]


class Choice(BaseModel):
    """One value of an enum, set or counts fact: its title and the words that say it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    words: list[str] = []


class Confirm(BaseModel):
    """Values that are possible but unusual (GR-05, LC-13): used only after they were confirmed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    above: float | None = None
    at_least: float | None = None
    below: float | None = None

    def holds(self, value: float) -> bool:
        return (
            (self.above is not None and value > self.above)
            or (self.at_least is not None and value >= self.at_least)
            or (self.below is not None and value < self.below)
        )


class Rescale(BaseModel):
    """Values that are meant on another scale: from `at_least` to `at_most` they are taken `times` as much.

    What is scaled lies above `at_most`, so that it is never scaled twice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    at_least: float
    at_most: float
    times: float
    code: str = Field(description="the assumption that the value then rests on")
    confidence: float = 0.6


class Fact(BaseModel):
    """One entry of the fact dictionary."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    group: str
    title: str
    title_en: str
    type: FactType
    unit: str | None = None
    range: tuple[float, float] | None = None
    values: dict[str, Choice] = {}
    formerly: list[str] = []
    words: list[str] = Field(default=[], description="what people call it; also heads of table columns")
    heads: list[str] = Field(default=[], description="heads of table columns that name it and nothing else")
    yes: list[str] = []
    no: list[str] = []
    adds: bool = Field(default=False, description="several values said together are parts of a sum")
    confirm: Confirm | None = None
    rescale: Rescale | None = None
    ask: str | None = None
    ask_en: str | None = None
    why: str | None = None
    why_en: str | None = None
    where: str | None = None
    instead: list[str] = Field(default=[], description="the counts to ask for where a value was impossible")

    @model_validator(mode="after")
    def _whole(self) -> Fact:
        if self.type in NUMERIC and self.range is None:
            raise PydanticCustomError("fact_without_range", "range")
        if self.range and self.range[0] > self.range[1]:
            raise PydanticCustomError("range_reversed", "range")
        if self.type in {"enum", "set", "counts"} and not self.values:
            raise PydanticCustomError("fact_without_values", "values", {"type": self.type})
        if (self.ask is None) != (self.ask_en is None) or (self.why is None) != (self.why_en is None):
            raise PydanticCustomError("unpaired_language", "pairs")
        return self

    @property
    def expected(self) -> str:
        """What a value has to look like, for an error message."""
        if self.type == "ratio" and self.range:
            return f"a ratio {self.range[0]:g}–{self.range[1]:g}"
        if self.type == "bool":
            return "true or false"
        if self.type == "date":
            return "a date like 2026-06-18"
        if self.type == "enum":
            return "one of " + ", ".join(self.values)
        if self.type == "set":
            return "a list of " + ", ".join(self.values)
        if self.type == "counts":
            return "whole numbers by " + ", ".join(self.values)
        low, high = self.range or (-math.inf, math.inf)
        kind = "a whole number" if self.type == "int" else "a number"
        return f"{kind} {low:g}–{high:g}" + (f" ({self.unit})" if self.unit else "")

    def read(self, value: object) -> Value:
        """`value` as this fact holds it; the range is not checked here.

        Raises:
            FactError: the value is of another type, or not among the values.
        """
        if self.type == "bool":
            if isinstance(value, bool):
                return value
        elif self.type in NUMERIC:
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
                raise FactError(self.name, value, self.expected)  # NaN and infinity too
            if self.type == "int":
                if value != int(value):
                    raise FactError(self.name, value, self.expected)
                return int(value)
            return int(value) if value == int(value) and abs(value) < 1e15 else float(value)
        elif self.type == "enum":
            if isinstance(value, str) and value in self.values:
                return value
        elif self.type == "date":
            try:
                return dt.date.fromisoformat(value).isoformat()  # type: ignore[arg-type]
            except (TypeError, ValueError):
                raise FactError(self.name, value, self.expected) from None
        elif self.type == "set":
            if isinstance(value, list) and all(isinstance(v, str) and v in self.values for v in value):
                return [v for v in self.values if v in value]
        elif self.type == "counts":
            if isinstance(value, AbcMapping) and all(
                k in self.values and isinstance(v, int) and not isinstance(v, bool) and v >= 0
                for k, v in value.items()
            ):
                return {k: value[k] for k in self.values if k in value}
        raise FactError(self.name, value, self.expected)

    def rescales(self, value: object) -> bool:
        """Whether `value` is meant on the fact's other scale."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        scale = self.rescale
        return scale is not None and number and scale.at_least <= float(value) <= scale.at_most  # type: ignore[arg-type]

    def rescaled(self, value: float) -> int | float:
        """`value` on the scale of the fact."""
        times = self.rescale.times if self.rescale and self.rescales(value) else 1
        scaled = round(value * times, 8)
        return int(scaled) if scaled == int(scaled) else scaled

    def out_of_range(self, value: Value) -> str | None:
        """The reason code why a readable value is impossible, or None."""
        if self.range is None or isinstance(value, bool) or not isinstance(value, int | float):
            return None
        low, high = self.range
        if value > high:
            return "above_one" if self.type == "ratio" and high <= 1 < value else "too_high"
        if value < low:
            return "negative" if value < 0 <= low else "too_low"
        return None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A value left out of the facts: why (a code), and the facts to ask for instead."""

    fact: str
    value: object
    reason: str
    ask: tuple[str, ...] = ()


def load_facts(folder: Path = DATA / "facts", only: str = "*") -> dict[str, Fact]:
    """All facts by name, in the order of the files; `only` names one file of the folder.

    Raises:
        DataError: with one finding for each thing wrong.
    """
    facts: dict[str, Fact] = {}
    findings: list[Finding] = []
    for path in sorted(folder.glob(f"{only}.yaml")):
        shown = f"rules/data/{folder.name}/{path.name}"
        data, bad = read_yaml(path, shown)
        findings += bad
        if bad:
            continue
        if not isinstance(data, Mapping):
            findings.append(
                Finding(shown, 1, "file", "file_not_a_mapping", {"example": "名字: {title: …, type: …}"})
            )
            continue
        for name, entry in data.items():
            line = data.lines[name]
            if name in facts:
                findings.append(Finding(shown, line, name, "fact_twice"))
                continue
            try:
                facts[name] = Fact.model_validate({**entry, "name": name, "group": path.stem})
            except (ValidationError, TypeError) as error:
                findings += _explain(error, entry, shown, line, name)
    findings += _twice(facts, folder.name)
    if findings:
        raise DataError(findings)
    return facts


def _explain(error: Exception, entry: Any, file: str, line: int, id_: str) -> list[Finding]:
    if not isinstance(error, ValidationError):
        return [Finding(file, line, id_, "not_a_mapping", {"example": "{title: …, type: …}"})]
    return explain(error, entry, Fact.model_fields, file, line, id_)


def _twice(facts: dict[str, Fact], folder: str) -> list[Finding]:
    """A name that two facts claim (as name or former name)."""
    owner: dict[str, str] = {}
    out = []
    for fact in facts.values():
        for name in [fact.name, *fact.formerly]:
            if name in owner:
                where = f"rules/data/{folder}/{fact.group}.yaml"
                out.append(Finding(where, 1, fact.name, "name_taken", {"name": name, "owner": owner[name]}))
            owner[name] = fact.name
    return out
