"""Errors a person meets from the bot itself.

BotError
├── InputError      a line or argument that cannot be read: what, where, what would be right
└── StoreError      the conversation store cannot be opened or written
"""

from __future__ import annotations

from typing import Any


class BotError(Exception):
    """Root of the errors of this room; `str()` is one line a person can act on."""


class InputError(BotError):
    """A line that cannot be read. `field` may be None where the whole line is meant."""

    def __init__(self, field: str | None, value: Any, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:60] + "…"
        super().__init__(f"{field or 'line'}: {shown}; expected {expected}")

    def as_json(self, line: int) -> dict[str, Any]:
        """The contract's `{"error": …}` object."""
        return {"error": {"line": line, "field": self.field, "value": self.value, "expected": self.expected}}


class StoreError(BotError):
    """The store of conversations cannot be used."""
