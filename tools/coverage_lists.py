"""What coverage is counted from: the lists in tests/coverage, the catalogue, its cases and the handbook."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from knowledge.load import HANDBOOK, handbook_files, read_entry
from rules.load import load
from rules.model import CompiledRule
from rules.yaml_lines import read_yaml

ROOT = Path(__file__).parents[1]
LISTS = ROOT / "tests/coverage"
STATES = ("modelled", "mechanism", "partly", "pending")
SOURCES = ("seed", "public", "default")


@dataclass(frozen=True)
class World:
    """What the lists are held against. `cases`: catalogue id → cases that name it."""

    rules: dict[str, dict[str, Any]]
    lines: dict[str, dict[str, Any]]
    catalogue: dict[str, list[CompiledRule]]
    cases: Counter[str] = field(default_factory=Counter)
    passages: dict[str, str] = field(default_factory=dict)
    questions: Counter[str] = field(default_factory=Counter)

    def state(self, id_: str) -> str:
        """How a rule of the document is kept: one of `STATES`."""
        entry = self.rules[id_]
        if "lacks" in entry:
            return "partly"
        if id_ in self.catalogue:
            return "modelled"
        return "mechanism" if "kept_by" in entry else "pending"

    def place(self, where: str, pattern: str) -> str:
        """`held`, `missing` (no such passage yet) or `unsaid` (it does not say it yet)."""
        text = _text(where) if "/" in where else self.passages.get(where)
        if text is None:
            return "missing"
        return "held" if re.search(pattern, text) else "unsaid"


def read() -> World:
    """The lists, the catalogue with its cases, the handbook with its questions."""
    catalogue: dict[str, list[CompiledRule]] = {}
    for rule in load().rules.values():
        catalogue.setdefault(rule.rule.number, []).append(rule)
    entries = [read_entry(f).passage for f in handbook_files(HANDBOOK)]
    texts = {p.id: f"{p.title}\n{p.text}" for p in entries}
    return World(_yaml(LISTS / "rules.yaml"), _yaml(LISTS / "inventory.yaml"), catalogue, _cases(), texts,
                 _questions())  # fmt: skip


def _yaml(path: Path) -> Any:
    content, findings = read_yaml(path, path.relative_to(ROOT).as_posix())
    if findings:
        raise SystemExit("\n".join(map(str, findings)))
    return content


def _cases() -> Counter[str]:
    out: Counter[str] = Counter()
    for path in sorted((ROOT / "tests/rules").glob("*.yaml")):
        for case in _yaml(path):
            spoken = [case, *case.get("items", {}).values()]
            out.update({r for s in spoken for r in [*s.get("fires", []), *s.get("fires_not", [])]})
    return out


def _questions() -> Counter[str]:
    out: Counter[str] = Counter()
    for path in sorted((ROOT / "tests/retrieval").glob("*.yaml")):
        content = _yaml(path)
        if isinstance(content, dict):
            out.update(p for one in content.get("answerable", []) for p in one["expect"])
    return out


@cache
def _text(name: str) -> str | None:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


# -- what is listed and does not exist ---------------------------------------------------------------------


def problems(world: World) -> list[str]:
    """One line for each thing the lists name that is not there, or that contradicts the catalogue."""
    out: list[str] = []
    for id_, entry in world.rules.items():
        if entry["source"] not in SOURCES:
            out.append(f"{id_}: {entry['source']} is no source")
        if "kept_by" in entry and _text(entry["kept_by"]) is None:
            out.append(f"{id_}: there is no file {entry['kept_by']}")
        if ("kept_by" in entry) != ("test" in entry):
            out.append(f"{id_}: a mechanism names its file and its test")
        if "test" in entry and not _exists(entry["test"]):
            out.append(f"{id_}: there is no test {entry['test']}")
        out += [
            f"{r.id}: source {r.rule.source}, the document's tag says {entry['source']}"
            for r in world.catalogue.get(id_, ())
            if r.rule.source != entry["source"] and not r.rule.note  # a branch may rest on something else
        ]
    for id_, line in world.lines.items():
        out += [f"{id_}: {r} is no rule" for r in line.get("rules", []) if r not in world.rules]
        out += [
            f"{id_}: {where} does not hold {pattern!r}"
            for where, pattern in line.get("in", {}).items()
            if "/" in where and world.place(where, pattern) != "held"
        ]
        if not line.get("in") and not line.get("left"):
            out.append(f"{id_}: names neither a place nor why there is none")
    return out


def _exists(test: str) -> bool:
    """`file::name`: a test function, or a case or dialogue by its name."""
    file, _, name = test.partition("::")
    text = _text(file)
    if text is None:
        return False
    if file.endswith(".py"):
        return re.search(rf"^def {re.escape(name)}\(", text, re.MULTILINE) is not None
    return any(entry.get("name") == name for entry in _yaml(ROOT / file))
