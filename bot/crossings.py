"""What the rules name in the handbook's room: passages and sources that have to be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rules.errors import Finding
from rules.model import RuleBase
from rules.place import near


def crossings(base: RuleBase, passages: Collection[str], sources: Collection[str]) -> list[Finding]:
    """One finding for each passage or source that a rule or parameter names and that does not exist."""
    return list(_found(base, passages, sources))


def _found(base: RuleBase, passages: Collection[str], sources: Collection[str]) -> Iterator[Finding]:
    for rule in base.rules.values():
        one = rule.rule
        if one.passage not in passages:
            what = f"passage: there is no {one.passage}"
            yield Finding(rule.file, rule.line, one.id, what, near(one.passage, passages))
        yield from _refs(one.ref, rule.file, rule.line, one.id, sources)
    for name, parameter in base.parameters.all.items():
        yield from _refs(parameter.ref, "rules/data/parameters", 1, name, sources)


def _refs(refs: list[str], file: str, line: int, id_: str, sources: Collection[str]) -> Iterator[Finding]:
    for ref in refs:
        if ref not in sources:
            yield Finding(file, line, id_, f"ref: there is no source {ref}", near(ref, sources))
