"""What one run of a command came to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LIMIT = 120  # seconds


@dataclass(frozen=True)
class Run:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def answers(self) -> list[dict[str, Any]]:
        """Standard output as JSON Lines; raises where a line is no JSON, NaN and Infinity included."""
        return [json.loads(line, parse_constant=_no_json) for line in self.out.splitlines()]

    @property
    def complaints(self) -> list[str]:
        return self.err.splitlines()


def _no_json(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


Command = Callable[..., Run]
