"""Errors of the rules room.

    RulesError
    ├── DataError        the rule data cannot be loaded: a list of findings, one line each
    └── FactError        a fact a caller gave cannot be read (unknown name, wrong type)

A value that can be read but is impossible (out of range, contradictory) is no error: it is a `Rejected`
in the result of the evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass


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
