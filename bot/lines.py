"""JSON Lines in and out: one answer for each line, in order, and errors in one line on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from bot.errors import InputError


def fail(line: str) -> NoReturn:
    """End with status 2 and one line on standard error."""
    print(line, file=sys.stderr)
    sys.exit(2)


def put(value: dict[str, Any]) -> None:
    """One object as a line of JSON."""
    try:
        line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # a number like 1e400, told back: JSON has no word for what Python makes of it
        line = json.dumps(json.loads(json.dumps(value), parse_constant=str), ensure_ascii=False)
    print(line, flush=True)


def input_lines() -> Iterator[str]:
    """The lines of standard input, without their ends."""
    if sys.stdin is None:  # closed by the caller
        return
    for number, raw in enumerate(sys.stdin.buffer):
        line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
        yield line.removeprefix("\ufeff") if number == 0 else line


def stream(answer: Callable[[str], dict[str, Any]]) -> None:
    """One output line for each input line, in order; a line that cannot be read is answered with an error."""
    broken = False
    for number, line in enumerate(input_lines(), 1):
        try:
            put(answer(line))
        except InputError as error:
            broken = True
            put(error.as_json(number))
            print(f"line {number}: {error}", file=sys.stderr)
    if broken:
        sys.exit(2)
