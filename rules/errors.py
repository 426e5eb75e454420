"""Errors of the rules room.

    RulesError
    ├── DataError        the rule data cannot be loaded: a list of findings, one line each
    └── FactError        a fact a caller gave cannot be read (unknown name, wrong type)

A value that can be read but is impossible (out of range, contradictory) is no error: it is a `Rejected`
in the result of the evaluation.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


class RulesError(Exception):
    """Root of the errors of this room."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in the data: where, what, and what would be right."""

    file: str
    line: int
    id: str
    what: str
    right: str = ""

    def __str__(self) -> str:
        tail = f"; {self.right}" if self.right else ""
        return f"{self.file}:{self.line} [{self.id}] {self.what}{tail}"


class DataError(RulesError):
    """The rule data is broken; `findings` names each place."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("\n".join(map(str, findings)))


class FactError(RulesError):
    """A fact given by a caller cannot be read.

    `field` is the name as given, `value` what was given, `expected` what would be right.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        super().__init__(f"{field}={value!r}: expected {expected}")


def explain(
    error: ValidationError, entry: Mapping[str, Any], fields: Iterable[str], file: str, line: int, id_: str
) -> list[Finding]:
    """What is wrong with an entry of the data: one finding for each of its fields."""
    lines: Mapping[str, int] = getattr(entry, "lines", {})
    out: dict[tuple[int, str], Finding] = {}
    for e in error.errors():
        name = str(e["loc"][0]) if e["loc"] else ""
        at = lines.get(name or "value", line)
        what, right = _in_words(name, str(e["type"]), str(e["msg"]), entry.get(name), sorted(fields))
        out.setdefault((at, name or what), Finding(file, at, id_, what, right))
    return list(out.values())


def _in_words(name: str, kind: str, said: str, value: object, fields: list[str]) -> tuple[str, str]:
    if kind == "missing":
        return f"lacks `{name}`", f"{name}: …"
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(name, fields, n=1, cutoff=0.5)
        return f"there is no field `{name}`", f"the nearest is {close[0]}" if close else ", ".join(fields)
    if kind == "string_pattern_mismatch":
        return f"{name}: {value!r} has another form", "like PT-06 or PT-06.hold"
    if kind == "too_short":
        return f"{name}: is empty", "at least one"
    expected = {
        "bool": "true or false",
        "int": "a number",
        "float": "a number",
        "date": "a date like 2026-11-23",
    }
    word = next((v for k, v in expected.items() if kind.startswith(k)), None)
    if word:
        return f"{name}: {value!r} is not {word}", word
    said = said.removeprefix("Value error, ")
    said = said[:1].lower() + said[1:]
    return (f"{name}: {value!r}: {said}" if name else said), ""
