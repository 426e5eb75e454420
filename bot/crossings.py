"""What the rules name in the handbook's room: passages and sources that have to be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rules.errors import Finding, near
from rules.model import RuleBase


def crossings(base: RuleBase, passages: Collection[str], sources: Collection[str]) -> list[Finding]:
    """One finding for each passage or source that a rule or parameter names and that does not exist."""
    return list(_found(base, passages, sources))


def _found(base: RuleBase, passages: Collection[str], sources: Collection[str]) -> Iterator[Finding]:
    for rule in base.rules.values():
        one = rule.rule
        if one.passage not in passages:
            values = {"passage": one.passage, "near": near(one.passage, passages)}
            yield Finding(rule.file, rule.line, one.id, "no_passage", values)
        yield from _refs(one.ref, rule.file, rule.line, one.id, sources)
    for name, parameter in base.parameters.all.items():
        yield from _refs(parameter.ref, "rules/data/parameters", 1, name, sources)


def _refs(refs: list[str], file: str, line: int, id_: str, sources: Collection[str]) -> Iterator[Finding]:
    for ref in refs:
        if ref not in sources:
            yield Finding(file, line, id_, "no_source", {"ref": ref, "near": near(ref, sources)})
