"""Errors of the rules room.

    RulesError
    ├── DataError        the rule data cannot be loaded: a list of findings, one line each
    └── FactError        a fact a caller gave cannot be read (unknown name, wrong type)

A finding is a code and values; its sentence stands in `findings.yaml`. A value that can be read but is
impossible (out of range, contradictory) is no error: it is a `Rejected` in the result of the evaluation.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pydantic import ValidationError


class RulesError(Exception):
    """Root of the errors of this room."""


@lru_cache(maxsize=1)
def sentences() -> dict[str, Any]:
    """The sentences of findings, by code."""
    text = (Path(__file__).parent / "findings.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return data


def phrase(code: str, **values: object) -> str:
    """A part of a sentence."""
    return str(sentences()["phrases"][code]).format(**values)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in the data: where, and the code of its sentence with values."""

    file: str
    line: int
    id: str
    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        said = sentences()["findings"][self.code]
        what, right = (said[part].format(**self.values) for part in ("what", "right"))
        return f"{self.file}:{self.line} [{self.id}] {what}; {right}"


class DataError(RulesError):
    """The rule data is broken; `findings` names each place.

    `own` is the operator's file: where a finding is about it, the text says that nothing was done without it.
    """

    def __init__(self, findings: list[Finding], own: Path | None = None) -> None:
        self.findings = findings
        lines = [str(f) for f in findings]
        if any(f.file == str(own) for f in findings):
            tail = phrase("own_lines")
            lines = [f"{lines[0]}。{tail}"] if len(lines) == 1 else [*lines, tail]
        super().__init__("\n".join(lines))


class FactError(RulesError):
    """A fact given by a caller cannot be read.

    `field` is the name as given, `value` what was given, `expected` what would be right.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        super().__init__(f"{field}={value!r}: expected {expected}")


def near(name: str, known: Iterable[str]) -> str:
    """What would be right: the nearest of the known names."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return phrase("nearest", name=close[0]) if close else phrase("some_existing")


def shown(value: object) -> str:
    """A value as the file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return "" if value is None else str(value)


#: what a model says of a field, by the beginning of its type of error; any other type is a code itself
_KINDS = {
    "extra_forbidden": "no_such_field", "string_pattern_mismatch": "bad_id", "too_short": "empty",
    "bool": "not_a_switch", "int": "not_a_number", "float": "not_a_number", "date": "not_a_date",
    "literal_error": "not_one_of", "string": "not_a_text", "list": "not_a_listing", "tuple": "not_a_listing",
    "dict": "not_a_table", "model": "not_a_table", "greater_than": "too_small", "less_than": "too_large",
}  # fmt: skip


def explain(
    error: ValidationError, entry: Mapping[str, Any], fields: Iterable[str], file: str, line: int, id_: str
) -> list[Finding]:
    """What is wrong with an entry of the data: one finding for each of its fields."""
    lines: Mapping[str, int] = getattr(entry, "lines", {})
    out: dict[tuple[int, str], Finding] = {}
    for e in error.errors():
        name, kind = str(e["loc"][0]) if e["loc"] else "", str(e["type"])
        code = next((c for k, c in _KINDS.items() if kind.startswith(k)), kind)
        code = code if code in sentences()["findings"] else "not_right"
        context = {k: shown(v) for k, v in e.get("ctx", {}).items()}
        if "expected" in context:  # "'a', 'b' or 'c'"
            context["expected"] = context["expected"].replace("'", "").replace(" or ", ", ")
        values: dict[str, object] = {
            "field": ".".join(map(str, e["loc"])) if code == "missing" else name,
            "value": shown(entry.get(name)),
            "meaning": "",
            "example": "2026-11-23" if code == "not_a_date" else "…",
            "near": _field(name, sorted(fields)),
            "right": phrase("plain_number"),
            "limit": context.get("ge", context.get("le")),
            **context,
        }
        at = lines.get(name or "value", line)
        out.setdefault((at, name or code), Finding(file, at, id_, code, values))
    return list(out.values())


def _field(name: str, fields: list[str]) -> str:
    close = difflib.get_close_matches(name, fields, n=1, cutoff=0.5)
    return phrase("nearest", name=close[0]) if close else phrase("only_fields", fields=", ".join(fields))
