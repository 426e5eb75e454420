"""The closed list of condition forms a rule may use, and their parser.

    X is V                X is not V            V: a value of X, or true / false
    X in [V, V]           X not in [V, V]
    X has V               X lacks V             X: a set fact or a list of flags
    X above E             X at least E          E: a number, a parameter, or one of them × a parameter
    X below E             X at most E
    X known               X unknown             X: a fact or a derived number
    concluded K           not concluded K       K: a conclusion of an earlier stratum
    any: [C, [C, C], …]                         one of several; an inner list holds together

A new form is a change of the design, not of the data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rules.parameters import Parameters

Scalar = bool | int | float | str
Op = Literal["==", "!=", "<", "<=", ">", ">="]
View = Mapping[str, Scalar]

_WORDS: dict[str, Op] = {"above": ">", "at least": ">=", "below": "<", "at most": "<="}
_NAME = r"[a-z][a-z0-9_]*"
_FORMS = [
    ("compare", re.compile(rf"^({_NAME}) (above|at least|below|at most) (\S+)(?: × (\S+))?$")),
    ("is_not", re.compile(rf"^({_NAME}) is not (\S+)$")),
    ("is", re.compile(rf"^({_NAME}) is (\S+)$")),
    ("not_in", re.compile(rf"^({_NAME}) not in \[(.+)\]$")),
    ("in", re.compile(rf"^({_NAME}) in \[(.+)\]$")),
    ("has", re.compile(rf"^({_NAME}) has (\S+)$")),
    ("lacks", re.compile(rf"^({_NAME}) lacks (\S+)$")),
    ("known", re.compile(rf"^({_NAME}) known$")),
    ("unknown", re.compile(rf"^({_NAME}) unknown$")),
    ("not_concluded", re.compile(rf"^not concluded ({_NAME})$")),
    ("concluded", re.compile(rf"^concluded ({_NAME})$")),
]
FORMS = "X is V · X in […] · X has V · X above/at least/below/at most E · X known · concluded K · any: […]"


@dataclass(frozen=True, slots=True)
class Operand:
    """A number or a parameter, times at most one number or parameter."""

    base: float | str
    factor: float | str = 1

    def value(self, parameters: Parameters, category: str | None) -> float:
        """The number this operand stands for, rounded as every compared number is."""
        base, factor = (
            part if isinstance(part, int | float) else parameters.number(part, category)
            for part in (self.base, self.factor)
        )
        return rounded(base * factor)

    def names(self) -> list[str]:
        return [n for n in (self.base, self.factor) if isinstance(n, str)]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `name` is the fact, derived number or conclusion it reads."""

    text: str
    form: str
    name: str
    values: tuple[Scalar, ...] = ()
    op: Op | None = None
    operand: Operand | None = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives, each a conjunction."""

    alternatives: tuple[tuple[Condition, ...], ...]


Clause = Condition | AnyOf


@dataclass(frozen=True, slots=True)
class Test:
    """What a matcher checks: one attribute against one constant. `name` is whom the attribute belongs to."""

    attribute: str
    op: Op
    constant: Scalar
    name: str


class ConditionError(ValueError):
    """A condition that is none of the forms: the code of a finding and its values."""

    def __init__(self, code: str, **values: object) -> None:
        self.code, self.values = code, values
        super().__init__(code, values)


def rounded(value: float) -> float:
    """Half up to 4 decimals: the one rounding before anything is compared (`decisions` §24)."""
    if isinstance(value, int):
        return value
    out = math.floor(abs(value) * 10_000 + 0.5 + 1e-7) / 10_000
    out = min(out, 1e12)
    return int(out) * (1 if value >= 0 else -1) if out == int(out) else math.copysign(out, value)


def parse(item: object) -> Clause:
    """A condition from its text, or a mapping `any: […]`. Raises `ConditionError`."""
    if isinstance(item, dict):
        if list(item) != ["any"] or not isinstance(item["any"], list) or len(item["any"]) < 2:
            raise ConditionError("condition_any")
        return AnyOf(tuple(_conjunction(part) for part in item["any"]))
    return _condition(item)


def _conjunction(part: object) -> tuple[Condition, ...]:
    return tuple(_condition(p) for p in part) if isinstance(part, list) else (_condition(part),)


def _condition(text: object) -> Condition:
    if not isinstance(text, str):
        raise ConditionError("condition_form", text=text, forms=FORMS)
    text = " ".join(text.split())
    for form, pattern in _FORMS:
        match = pattern.match(text)
        if not match:
            continue
        name = match[1]
        if form == "compare":
            operand = Operand(_number(match[3]), _number(match[4] or "1"))
            return Condition(text, form, name, (), _WORDS[match[2]], operand)
        if form in {"is", "is_not", "has", "lacks"}:
            return Condition(text, form, name, (_scalar(match[2]),))
        if form in {"in", "not_in"}:
            return Condition(text, form, name, tuple(_scalar(v.strip()) for v in match[2].split(",")))
        return Condition(text, form, name)
    raise ConditionError("condition_form", text=text, forms=FORMS)


def _number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        raise ConditionError("condition_number", text=text)
    return int(number) if number == int(number) else number


def _scalar(text: str) -> Scalar:
    return {"true": True, "false": False}.get(text, text)


def conditions_of(clauses: tuple[Clause, ...]) -> Iterator[Condition]:
    """Every condition in the clauses, alternatives included."""
    for clause in clauses:
        if isinstance(clause, Condition):
            yield clause
        else:
            for alternative in clause.alternatives:
                yield from alternative


def tests_of(condition: Condition, parameters: Parameters, category: str | None) -> list[list[Test]]:
    """The condition as alternatives of conjunctions of tests, its numbers resolved for `category`."""
    name = condition.name
    match condition.form:
        case "compare":
            assert condition.op
            assert condition.operand
            constant = condition.operand.value(parameters, category)
            return [[Test(name, condition.op, constant, name)]]
        case "is" | "in":
            return [[Test(name, "==", v, name)] for v in condition.values]
        case "is_not" | "not_in":
            return [[Test(name, "!=", v, name) for v in condition.values]]
        case "has" | "lacks":
            return [[Test(f"{name}__{condition.values[0]}", "==", condition.form == "has", name)]]
        case _:
            wanted = condition.form in {"known", "concluded"}
            return [[Test(f"{name}__known", "==", wanted, name)]]


def compile_clauses(
    clauses: tuple[Clause, ...], parameters: Parameters, category: str | None
) -> list[list[list[Test]]]:
    """Clauses that must all hold, each a list of alternatives, each a conjunction of tests."""
    out = []
    for clause in clauses:
        if isinstance(clause, Condition):
            out.append(tests_of(clause, parameters, category))
            continue
        alternatives: list[list[Test]] = []
        for conjunction in clause.alternatives:
            product: list[list[Test]] = [[]]
            for condition in conjunction:
                product = [p + t for p in product for t in tests_of(condition, parameters, category)]
            alternatives += product
        out.append(alternatives)
    return out
