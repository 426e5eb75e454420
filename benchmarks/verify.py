"""The long differential run: the engine against the three-valued matcher on random and boundary facts.

    python -m benchmarks.verify [--count 100000] [--processes 1] [--seed 1] [--report FILE]

Every fact set goes through both matchers, which must agree on what fires and on all that is concluded.
Reported: differences, crashes (an exception, or a process that died), growth of resident memory after the
first tenth, rate, date and the hash of the rules. Exit status 1 where one of them is wrong.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rules.conditions import conditions_of
from rules.evaluate import Evaluation, Evaluator
from rules.facts import NUMERIC
from rules.load import load
from rules.match.three_valued import ThreeValuedMatcher
from rules.model import RuleBase

REPORT = Path(__file__).parent / "verify-report.json"
TODAY = dt.date(2026, 11, 24)  # campaign dates are drawn around it
MOST_GROWTH_MB = 10
_SHOWN = 5  # examples kept of each kind of failure

_EPSILON = (0, 0, 1e-6, -1e-6, 4e-5, -4e-5, 6e-5, -6e-5, 1e-3, -1e-3, 1, -1)


class FactSets:
    """Draws fact sets; the same seed draws the same sets."""

    def __init__(self, base: RuleBase, seed: int) -> None:
        self.base, self.random = base, random.Random(seed)
        cuts: dict[str, set[float]] = {n: set() for n in base.facts}
        rows = [None, *base.facts["category"].values]
        for rule in base.rules.values():
            for condition in conditions_of((*rule.when, *rule.provisional_while)):
                if condition.operand and condition.name in cuts:
                    cuts[condition.name] |= {condition.operand.value(base.parameters, r) for r in rows}
        for name in cuts:  # a pass line and its 80 % cut the metric that is measured against it
            line = f"bench.{name.removeprefix('peer_')}"
            if line in base.parameters.all:
                lines = {base.parameters.number(line, r) for r in rows}
                cuts[name] |= {n * f for n in lines for f in (0.8, 1.0, 1.2)}
        self.cuts = {n: sorted(c) for n, c in cuts.items()}
        self.read = list(base.facts)

    def value(self, name: str) -> Any:
        """A readable value of the fact, in or (rarely) out of its range."""
        fact, rnd = self.base.facts[name], self.random
        if fact.type == "bool":
            return rnd.random() < 0.5
        if fact.type == "enum":
            return rnd.choice(list(fact.values))
        if fact.type == "set":
            return [v for v in fact.values if rnd.random() < 0.5]
        if fact.type == "counts":
            return {v: rnd.randrange(50) for v in fact.values if rnd.random() < 0.5}
        if fact.type == "date":
            return f"2026-{rnd.randrange(11, 13)}-{rnd.randrange(1, 29):02d}"
        assert fact.type in NUMERIC
        assert fact.range
        low, high = fact.range
        kind = rnd.random()
        if kind < 0.45 and self.cuts[name]:
            number = rnd.choice(self.cuts[name]) + rnd.choice(_EPSILON)
        elif kind < 0.55:
            number = rnd.choice((low, high, 0, high + 1 if rnd.random() < 0.1 else high))
        elif fact.type == "ratio":
            number = round(rnd.uniform(low, min(high, 1)), rnd.choice((1, 2, 3, 6)))
        else:
            number = max(low, 0.01) * (min(high, 1e8) / max(low, 0.01)) ** rnd.random()
        if fact.type == "int":
            return round(number)
        return max(number, low) if rnd.random() < 0.98 else number

    def draw(self) -> dict[str, Any]:
        """One fact set: few facts or many, in any order."""
        rnd = self.random
        share = rnd.choice((0.05, 0.1, 0.2, 0.35, 0.6, 0.9))
        names = [n for n in self.read if rnd.random() < share]
        if rnd.random() < 0.6:
            names.append("category")
        names = list(dict.fromkeys(names))
        rnd.shuffle(names)
        return {n: self.value(n) for n in names}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            yield self.draw()


def outcome(found: Evaluation) -> dict[str, Any]:
    """All that two matchers must agree on."""
    return {
        "fired": [f.rule.id for f in found.trace],
        "conclusions": {k: c.value for k, c in found.conclusions.items()},
        "confidence": {k: c.confidence for k, c in found.conclusions.items()},
        "provisional": found.shaky,
        "overruled": [(o.rule, o.by) for o in found.overruled],
    }


def difference(engine: Evaluator, oracle: Evaluator, facts: dict[str, Any]) -> dict[str, Any] | None:
    """What the engine says otherwise than the oracle, or None."""
    one, two = (outcome(e.evaluate(facts, today=TODAY)) for e in (engine, oracle))
    wrong = {k: {"engine": one[k], "oracle": two[k]} for k in one if one[k] != two[k]}
    return {"facts": facts, **wrong} if wrong else None


def resident_mb() -> float:
    """Memory of this process now (not its peak), in MB; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 1e6


def work(seed: int, count: int) -> dict[str, Any]:
    """`count` fact sets drawn from `seed`, in this process."""
    base = load()
    engine, oracle = Evaluator(base), Evaluator(base, ThreeValuedMatcher)
    draw = iter(FactSets(base, seed))
    out: dict[str, Any] = {"seed": seed, "done": 0, "differences": [], "crashes": [], "fired": []}
    fired: set[str] = set()
    begun, settled = time.monotonic(), 0.0
    for n in range(count):
        facts = next(draw)
        try:
            wrong = difference(engine, oracle, facts)
        except Exception as error:  # a crash is what is looked for
            out["crashes"].append({"facts": facts, "error": repr(error)})
        else:
            if wrong:
                out["differences"].append(wrong)
        if n % 10 == 0:
            fired.update(oracle.outcome(oracle.read(facts)[0], TODAY)[1])
        if n == count // 10:
            settled = resident_mb()
        if n % 1000 == 999:
            rate = (n + 1) / (time.monotonic() - begun)
            bad = len(out["differences"]) + len(out["crashes"])
            line = f"seed {seed}: {n + 1} of {count}, {rate:.0f}/s, {bad} wrong"
            print(line, file=sys.stderr, flush=True)
        out["done"] = n + 1
    out["seconds"] = time.monotonic() - begun
    out["growth_mb"] = round(resident_mb() - settled, 1)
    out["fired"], out["rules"], out["version"] = sorted(fired), len(base.rules), base.version
    return out


def run(count: int, processes: int, seed: int) -> dict[str, Any]:
    """The whole run in processes of its own, since a crash of the engine takes its process down."""
    share = -(-count // processes)
    command = [sys.executable, "-m", "benchmarks.verify", "--worker", "--count", str(share), "--seed"]
    begun = time.monotonic()
    running = [
        subprocess.Popen([*command, str(seed + i)], stdout=subprocess.PIPE, text=True)
        for i in range(processes)
    ]
    parts, died = [], []
    for i, process in enumerate(running):
        said, _ = process.communicate()
        if process.returncode:
            died.append({"seed": seed + i, "exit": process.returncode})
        else:
            parts.append(json.loads(said))
    differences = [d for p in parts for d in p["differences"]]
    crashes = [c for p in parts for c in p["crashes"]] + died
    growth = max((p["growth_mb"] for p in parts), default=0.0)
    fired = {r for p in parts for r in p["fired"]}
    done = sum(p["done"] for p in parts)
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "rules": parts[0]["version"] if parts else None,
        "rules_fired": f"{len(fired)} of {parts[0]['rules'] if parts else 0}",
        "fact_sets": done,
        "differences": len(differences),
        "crashes": len(crashes),
        "growth_mb_after_first_tenth": growth,
        "most_growth_mb": MOST_GROWTH_MB,
        "pairs_per_second": round(done / (time.monotonic() - begun), 1),
        "processes": processes,
        "seed": seed,
        "python": platform.python_version(),
        "examples": (differences[:_SHOWN] + crashes[:_SHOWN]),
        "passed": done >= count and not differences and not crashes and growth <= MOST_GROWTH_MB,
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verify")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=REPORT)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        json.dump(work(given.seed, given.count), sys.stdout)
        return 0
    report = run(given.count, given.processes, given.seed)
    given.report.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({k: v for k, v in report.items() if k != "examples"}, indent=1))
    return 0 if report["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
