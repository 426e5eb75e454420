"""All findings about the rule data and override files, for `check`: never an exception, always lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

from rules.errors import DataError, Finding
from rules.facts import DATA
from rules.load import load
from rules.model import RuleBase
from rules.yaml_lines import Mapping, read_yaml

_AFTER = "check.review_after_days"


def findings(overrides: Iterable[Path] = (), data: Path = DATA, today: dt.date | None = None) -> list[str]:
    """One line a finding about the data and each override file; with `today` also of reviews long past."""
    out: list[str] = []
    try:
        base = load(data)
        if today:
            out += map(str, _long_past(base, data, today))
    except DataError as error:
        out += map(str, error.findings)
    for path in overrides:
        try:
            base = load(data, path)
            if today:
                out += map(str, _changed_long_ago(base, path, today))
        except DataError as error:
            out += [line for line in map(str, error.findings) if line not in out]
    return out


def _long_past(base: RuleBase, data: Path, today: dt.date) -> Iterator[Finding]:
    """Parameters whose review is older than `check.review_after_days`."""
    for path in sorted((data / "parameters").glob("*.yaml")):
        content, _ = read_yaml(path)
        for name, entry in content.items():
            reviewed = base.parameters.all[name].reviewed
            yield from _old(
                base, f"rules/data/parameters/{path.name}", entry, "reviewed", name, reviewed, today
            )


def _changed_long_ago(base: RuleBase, path: Path, today: dt.date) -> Iterator[Finding]:
    content, _ = read_yaml(path)
    names = {old: p.name for p in base.parameters.all.values() for old in [p.name, *p.formerly]}
    for given, entry in content.items():
        on = base.parameters.changed[names[given]].on
        yield from _old(base, str(path), entry, "on", given, on, today)


def _old(
    base: RuleBase, file: str, entry: Mapping, field: str, name: str, date: dt.date, today: dt.date
) -> Iterator[Finding]:
    limit = int(base.parameters.number(_AFTER))
    if (age := (today - date).days) > limit:
        values = {"field": field, "date": date, "age": age, "limit": limit}
        yield Finding(file, entry.lines.get(field, entry.line), name, "review_due", values)
