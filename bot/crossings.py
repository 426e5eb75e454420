"""What the rules name in the handbook's room: passages and sources that have to be there."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from rules.errors import Finding
from rules.model import RuleBase


def crossings(base: RuleBase, passages: Collection[str], sources: Collection[str]) -> list[Finding]:
    """One finding for each passage or source that a rule or parameter names and that does not exist."""
    return list(_found(base, passages, sources))


def _found(base: RuleBase, passages: Collection[str], sources: Collection[str]) -> Iterator[Finding]:
    for rule in base.rules.values():
        one = rule.rule
        if one.passage not in passages:
            what = f"passage: there is no {one.passage}"
            yield Finding(rule.file, rule.line, one.id, what, _near(one.passage, passages))
        yield from _refs(one.ref, rule.file, rule.line, one.id, sources)
    for name, parameter in base.parameters.all.items():
        yield from _refs(parameter.ref, "rules/data/parameters", 1, name, sources)


def _refs(refs: list[str], file: str, line: int, id_: str, sources: Collection[str]) -> Iterator[Finding]:
    for ref in refs:
        if ref not in sources:
            yield Finding(file, line, id_, f"ref: there is no source {ref}", _near(ref, sources))


def _near(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"the nearest is {close[0]}" if close else "one that exists"
