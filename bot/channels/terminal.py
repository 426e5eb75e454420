"""The chat in a terminal: a prompt for a person, plain lines for a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from bot.channels.base import Core, Inbound

GREETING = "/start"
_QUIT = frozenset({"/quit", "/exit", "退出", "quit", "exit"})


def run(core: Core, warm: Callable[[], None]) -> int:
    """Chat until the input ends; returns the exit status.

    `warm` starts loading what answers need; a person's prompt is drawn first, since both want the processor.
    """
    if sys.stdin is None:  # closed by the caller
        return 0
    if sys.stdin.isatty():
        return _interactive(core, warm)
    warm()
    for number, line in enumerate(_lines(sys.stdin.buffer), 1):
        if line.strip().lower() in _QUIT:
            break
        if line.strip():
            print(f"> {line}\n{_ask(core, line, number)}\n", flush=True)
    return 0


def _lines(raw: Iterable[bytes]) -> Iterable[str]:
    """Lines of the input as text; bytes that are no UTF-8 are replaced, never an error."""
    for line in raw:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _ask(core: Core, line: str, number: int) -> str:
    return core.reply(Inbound("terminal", "local", "local", line, f"terminal:{number}")).text


def _interactive(core: Core, warm: Callable[[], None]) -> int:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import InMemoryHistory

    said = yaml.safe_load((Path(__file__).parent / "terminal.yaml").read_text("utf-8"))
    print(_ask(core, GREETING, 0), said["leave"]["zh"], sep="\n", end="\n\n", flush=True)
    prompt: PromptSession[str] = PromptSession(history=InMemoryHistory())
    number = 0
    while True:
        number += 1
        try:
            line = prompt.prompt("你> ", pre_run=warm if number == 1 else None)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return 0
        if line.strip().lower() in _QUIT:
            return 0
        if line.strip():
            print("\n" + _ask(core, line, number), end="\n\n", flush=True)
