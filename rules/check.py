"""All findings about the rule data and override files, for `check`: never an exception, always lines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rules.errors import DataError
from rules.facts import DATA
from rules.load import load


def findings(overrides: Iterable[Path] = (), data: Path = DATA) -> list[str]:
    """One line a finding about the data and each override file."""
    out: list[str] = []
    try:
        load(data)
    except DataError as error:
        out += map(str, error.findings)
    for path in overrides:
        try:
            load(data, path)
        except DataError as error:
            out += [line for line in map(str, error.findings) if line not in out]
    return out
