"""What the layer contracts can't say yet: a channel gets its core handed in and never builds one."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The wiring lives in the command line, so that a new channel is one new file that knows base.py alone.
FORBIDDEN = ("bot.pipeline", "bot.cli", "bot.conversation", "rules", "knowledge")


def imported(path: Path) -> set[str]:
    out = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            out |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            out |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return out


def test_channels_know_the_core_by_its_interface_alone() -> None:
    found = [
        f"{path.name}: {name}"
        for path in sorted((ROOT / "bot/channels").glob("*.py"))
        for name in sorted(imported(path))
        if any(name == room or name.startswith(room + ".") for room in FORBIDDEN)
    ]
    assert not found
