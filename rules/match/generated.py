"""A stratum as one generated Python function: the fastest way to ask which rules fire, without saying why.

For the many evaluations that explanations invent, and the limit that the benchmark holds the engine against.
Only attribute names and operators of loaded rules enter the source; constants are passed by position.
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
