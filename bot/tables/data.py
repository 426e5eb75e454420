"""The data of this room, read once: how people lay out tables, and the sentences that a table is told in."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from bot.conversation.text import normalise
from bot.errors import BotError
from rules.yaml_lines import read_own

_DATA = Path(__file__).parent / "data"


class TableError(BotError):
    """A file that is no table of clients, or a place that cannot be written; `code` names the sentence."""

    def __init__(self, code: str, **values: object) -> None:
        self.code, self.values = code, values
        super().__init__(worded(f"error.{code}", **values))


@functools.cache
def _read(name: str) -> Any:
    return read_own(_DATA / f"{name}.yaml")


def columns() -> dict[str, Any]:
    """`columns.yaml`: heads, marks and words of tables."""
    found: dict[str, Any] = _read("columns")
    return found


def worded(code: str, **values: object) -> str:
    """One sentence of `wording.yaml`, filled in."""
    return str(_read("wording")[code]).format(**values)


def has(code: str) -> bool:
    """Whether there is such a sentence."""
    return code in _read("wording")


@functools.cache
def words(name: str) -> frozenset[str]:
    """A list of `columns.yaml` as it is compared: one width, script and case."""
    return frozenset(plain(str(w)) for w in columns()[name])


@functools.lru_cache(65536)
def plain(text: str) -> str:
    """A short text in one spelling; symbols that spelling drops (√, ×) stay."""
    return normalise(text) or text.strip().lower()
