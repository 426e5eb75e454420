"""A stratum as one generated Python function: the fastest way to ask which rules fire or how they stand.

`generate` for the many evaluations that explanations invent, and the limit that the benchmark holds the
engine against; `generate_states` in three values. Only attribute names and operators of loaded rules enter
the source; constants are passed by position.
"""

from __future__ import annotations

from collections.abc import Callable

from rules.conditions import Scalar, Test, View
from rules.model import CompiledRule

Clauses = list[list[list[Test]]]


def generate(compiled: list[tuple[CompiledRule, Clauses]]) -> Callable[[View], list[str]]:
    """A function from a view to the ids of the rules that fire, in catalogue order."""
    names: dict[str, str] = {}
    constants: list[Scalar] = []

    def test(one: Test) -> str:
        variable = names.setdefault(one.attribute, f"v{len(names)}")
        constants.append(one.constant)
        guard = "" if one.op == "==" else f"{variable} is not None and "
        return f"({guard}{variable} {one.op} k[{len(constants) - 1}])"

    rules = []
    for rule, clauses in compiled:
        parts = [" or ".join(" and ".join(map(test, c)) for c in alternatives) for alternatives in clauses]
        rules.append((rule.id, " and ".join(f"({p})" for p in parts)))
    lines = ["def fires(view):", "    get, out = view.get, []"]
    lines += [f"    {variable} = get({attribute!r})" for attribute, variable in names.items()]
    lines += [f"    if {condition}: out.append({id_!r})" for id_, condition in rules]
    lines += ["    return out"]
    scope: dict[str, object] = {"k": tuple(constants)}
    exec(compile("\n".join(lines), "<generated stratum>", "exec"), scope)
    return scope["fires"]  # type: ignore[return-value]


def generate_states(compiled: list[tuple[CompiledRule, Clauses]]) -> Callable[[View], list[bool | None]]:
    """A function from a view to how each rule stands: True fires, False is blocked, None waits.

    Tests that rules share are asked once; an absent attribute makes a test None.
    """
    names: dict[str, str] = {}
    constants: list[Scalar] = []
    tests: dict[tuple[str, str, type, Scalar], str] = {}
    lines: list[str] = []

    def test(one: Test) -> str:
        key = (one.attribute, one.op, type(one.constant), one.constant)
        if key not in tests:
            variable = names.setdefault(one.attribute, f"v{len(names)}")
            constants.append(one.constant)
            tests[key] = f"t{len(tests)}"
            constant = f"k[{len(constants) - 1}]"
            lines.append(f"    {tests[key]} = None if {variable} is None else {variable} {one.op} {constant}")
        return tests[key]

    rules = []
    for _, clauses in compiled:
        parts = [_any([_all([test(t) for t in c]) for c in alternatives]) for alternatives in clauses]
        rules.append(_all(parts))
    head = ["def states(view):", "    get = view.get"]
    head += [f"    {variable} = get({attribute!r})" for attribute, variable in names.items()]
    lines = [*head, *lines, f"    return [{', '.join(rules)}]"]
    scope: dict[str, object] = {"k": tuple(constants)}
    exec(compile("\n".join(lines), "<generated states>", "exec"), scope)
    return scope["states"]  # type: ignore[return-value]


def _all(parts: list[str]) -> str:
    """Three-valued and: False where one is, else None where one is."""
    if len(parts) == 1:
        return parts[0]
    return f"(False if {' or '.join(f'{p} is False' for p in parts)} else {' and '.join(parts)})"


def _any(parts: list[str]) -> str:
    """Three-valued or: True where one is, else None where one is."""
    if len(parts) == 1:
        return parts[0]
    return f"({' or '.join(parts)} or (None if {' or '.join(f'{p} is None' for p in parts)} else False))"
