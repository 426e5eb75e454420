"""Writes COVERAGE.md: what of the starting documents is held where, and how every rule is kept.

    python -m tools.coverage          writes the page
    python -m tools.coverage --check  exit status 1 where it is stale or names what does not exist

The lists stand in tests/coverage; everything else is counted from the catalogue, the cases and the handbook.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from typing import Any

from tools.coverage_lists import ROOT, SOURCES, STATES, World, problems, read

PAGE = ROOT / "COVERAGE.md"
HEAD = """# Coverage

Written by `make coverage` from tests/coverage, the catalogue, the cases and the handbook; not by hand.

## Counts
"""
KEY = """
## Inventory: what the starting documents hold

Passage: ✓ says it · ◦ does not say it yet · ✗ does not exist yet. In brackets: the cases of a rule,
the retrieval questions that expect a passage."""
SECTIONS = {
    "N": "Where the documents come from", "B": "Basics", "F": "Figures", "P": "Products and programmes",
    "D": "The base", "L": "The field", "S": "The snowball", "T": "Paid and free traffic", "G": "Goods",
    "A": "The alliance", "C": "Campaigns", "K": "Top creators", "O": "Organisation", "V": "Providers",
    "X": "Cases", "R": "Principles",
}  # fmt: skip
GROUPS = {
    "B": "Benchmarks", "GS": "D1 Growth stage", "RD": "D2 Readiness", "FA": "D3 Allocation",
    "PT": "D4 Paid and free traffic", "LC": "D5 Conversion", "GM": "D6 Goods", "SN": "D7 Snowball",
    "FR": "D8 Followers", "AL": "D9 Quadrants", "KP": "D10 Pool of creators", "KM": "D11 Matching a creator",
    "TK": "D12 Top creators", "CC": "D13 Choosing a campaign", "CP": "D13 Planning it",
    "CR": "D14 Reviewing it", "OR": "D15 Organisation", "TL": "D16 Tools", "PV": "D17 Providers",
    "GR": "D18 Guardrails",
}  # fmt: skip


def page(world: World) -> str:
    """COVERAGE.md as it must read."""
    out = [HEAD, *_counts(world), KEY]
    section = ""
    for id_, line in world.lines.items():
        if id_[0] != section:
            section = id_[0]
            out += ["", f"### {SECTIONS[section]}", "", "| line | what | where | rules |"]
            out.append("|---|---|---|---|")
        out.append(f"| {id_} | {line['about']} | {_where(world, line)} | {_rules(world, line)} |")
    out += ["", "## The rules of the decision document", ""]
    group = ""
    for id_ in world.rules:
        if (head := id_.partition("-")[0]) != group:
            group = head
            out += ["", f"### {GROUPS[group]}", "", "| rule | source | state | what | kept by |"]
            out.append("|---|---|---|---|---|")
        out.append(_rule(world, id_))
    ours = [r for number, rules in world.catalogue.items() if number not in world.rules for r in rules]
    out += ["", "## Rules of our own beside them", "", "| rule | what | why |", "|---|---|---|"]
    out += [f"| {r.id} ({world.cases[r.id]}) | {r.rule.title} | {r.rule.note or r.rule.why} |" for r in ours]
    return "\n".join(out) + "\n"


def _counts(world: World) -> list[str]:
    by = Counter((world.state(i), e["source"]) for i, e in world.rules.items())
    out = ["| rules | seed | public | default | all |", "|---|---|---|---|---|"]
    for state in STATES:
        row = [by[state, s] for s in SOURCES]
        out.append(f"| {state} | {' | '.join(map(str, row))} | {sum(row)} |")
    all_ = [sum(by[t, s] for t in STATES) for s in SOURCES]
    out.append(f"| all | {' | '.join(map(str, all_))} | {sum(all_)} |")
    places = [_best(world, line) for line in world.lines.values()]
    words = {"held": "said in a passage or file", "unsaid": "its passage does not say it yet",
             "missing": "its passage does not exist yet", "left": "left out, with the reason"}  # fmt: skip
    out += ["", "| inventory lines | |", "|---|---|"]
    out += [f"| {text} | {places.count(state)} |" for state, text in words.items()]
    waiting = sorted({w for line in world.lines.values() for w in line.get("in", {}) if "/" not in w
                      and w not in world.passages}, key=_by_number)  # fmt: skip
    out += ["", f"Passages that lines name and that do not exist yet: {', '.join(waiting) or 'none'}."]
    branches = sum(map(len, world.catalogue.values()))
    told = sum(world.cases.values())
    return [*out, "", f"The catalogue holds {branches} rules and branches, named {told} times by cases."]


def _by_number(passage: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", passage)))


def _best(world: World, line: dict[str, Any]) -> str:
    """One place that says it is enough."""
    states = [world.place(w, p) for w, p in line.get("in", {}).items()]
    return next((s for s in ("held", "unsaid", "missing") if s in states), "left")


def _where(world: World, line: dict[str, Any]) -> str:
    marks = {"held": "✓", "unsaid": "◦", "missing": "✗"}
    asked = {w: f" ({world.questions[w]})" if world.questions[w] else "" for w in line.get("in", {})}
    shown = [f"{w} {marks[world.place(w, p)]}{asked[w]}" for w, p in line.get("in", {}).items()]
    return ", ".join(shown) or f"– {line['left']}"


def _rules(world: World, line: dict[str, Any]) -> str:
    def one(id_: str) -> str:
        state = world.state(id_)
        cases = sum(world.cases[r.id] for r in world.catalogue.get(id_, ()))
        return f"{id_} ({cases})" if state == "modelled" else f"{id_} {state}"

    return ", ".join(map(one, line.get("rules", []))) or "–"


def _rule(world: World, id_: str) -> str:
    entry, rules = world.rules[id_], world.catalogue.get(id_, [])
    kept = ", ".join(f"{r.id} ({world.cases[r.id]}) in {r.rule.passage}" for r in rules)
    if "kept_by" in entry:
        kept += f"{'; ' if kept else ''}{entry['kept_by']}, tested by {entry['test']}"
    for why in ("lacks", "pending"):
        if why in entry:
            kept += f"{'; ' if kept else ''}{why if why == 'lacks' else 'why'}: {entry[why]}"
    chief = next((r for r in rules if r.id == id_), rules[0] if rules else None)
    what = entry.get("about") or (chief.rule.title if chief else "–")
    kept = kept or "not in the catalogue yet"
    return f"| {id_} | {entry['source']} | {world.state(id_)} | {what} | {kept} |"


def main() -> None:
    """Write the page, or say what is wrong with it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where it is stale")
    check = parser.parse_args().check
    world = read()
    wrong = problems(world)
    text = page(world)
    if check and (not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text):
        wrong.append("COVERAGE.md is stale; run make coverage")
    if not check:
        PAGE.write_text(text, encoding="utf-8")
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
