"""`make bench`: what a user waits for, measured in processes of their own and printed as tables.

Nothing is asserted here: a limit that is passed is marked, and the exit status stays 0. Messages stand in
messages.txt. `--worker`, `--rules` and `--profile` run inside one process; the first is what the table calls.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import platform
import pstats
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TURNS = 5  # messages of one conversation
FIRST = "刚开播一周,场观200,千川一天投500没转化咋办"
MODEL_FIRST = "受众对得上,就是不买,怎么办"  # no cue decides: the embedding model is asked
STARTS = 3
LONG_SIZES = (1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000)
CATEGORY = re.compile("类目|女装|服装|服饰|食品|珠宝|生鲜|母婴|家居|数码|美妆")
ROOMS = ("understand", "evaluate", "questions", "search", "compose", "store", "rest")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `limit` None where nothing is promised."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        mark = "" if self.limit is None or self.value <= self.limit else "   OVER"
        limit = "" if self.limit is None else f"≤ {self.limit:g} {self.unit}"
        return f"  {self.name:<52}{self.value:>10.2f} {self.unit:<4}{limit:>12}{mark}"


def messages() -> list[str]:
    """The short messages (at most 120 characters each)."""
    lines = (ROOT / "benchmarks/messages.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line]


def long_messages() -> list[str]:
    """Long ones, 1,000 to 5,000 characters: many short ones in a row, each time others, of one category."""
    short = [text for text in messages() if not CATEGORY.search(text)]
    out = []
    for number in range(40):
        size = LONG_SIZES[number % len(LONG_SIZES)]
        start = number * 37 % len(short)
        turned = short[start:] + short[:start]
        text = "。".join(turned * (1 + size // sum(map(len, turned))))
        out.append(text[:size])
    return out


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest measured value that `share` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered) + 0.5) - 1))]


def resident(pid: int | str) -> float:
    """The highest resident memory of a process so far, in GB; 0 where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("VmHWM")]
    return int(found[0]) / 1024 / 1024 if found else 0.0


# -- as a user meets it: processes of their own ----------------------------------------------------------


def _until(fd: int, seen: bytearray, wanted: bytes, times: int, limit: float) -> bool:
    """Read the terminal until `wanted` was seen so many times; False after `limit` seconds."""
    import select

    end = time.monotonic() + limit
    while seen.count(wanted) < times:
        if not select.select([fd], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            seen += os.read(fd, 65536)
        except OSError:
            return seen.count(wanted) >= times
    return True


def chat_start(text: str) -> tuple[float, float]:
    """Seconds from the start of `chat` in a terminal to the prompt, and to the answer to `text`."""
    import pty
    import signal

    paste_on = b"\x1b[?2004h"  # what prompt_toolkit sends when a prompt stands
    begin = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "bot.py", "chat"])
    seen = bytearray()
    prompt = answer = float("nan")
    try:
        if _until(fd, seen, paste_on, 1, 60):
            prompt = time.monotonic() - begin
            os.write(fd, text.encode() + b"\r")
            if _until(fd, seen, paste_on, 2, 60):
                answer = time.monotonic() - begin
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)
    return prompt, answer


def piped() -> tuple[float, list[float], list[float], float]:
    """`ask --json`, one line in, one line out: seconds to the first answer, for each short and each long
    message, and resident memory in GB."""

    def lines(texts: Sequence[str], label: str) -> Iterator[bytes]:
        for number, text in enumerate(texts):
            line = {"session": f"{label}{number // TURNS}", "text": text, "today": "2026-11-23"}
            yield json.dumps(line, ensure_ascii=False).encode() + b"\n"

    begin = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "bot.py", "ask", "--json"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout

        def one(line: bytes) -> float:
            assert process.stdin
            assert process.stdout
            start = time.perf_counter()
            process.stdin.write(line)
            process.stdin.flush()
            if not process.stdout.readline():
                text = json.loads(line)["text"]
                raise SystemExit(f"bench: `ask` ended at a message of {len(text)} characters: {text[:80]}")
            return time.perf_counter() - start

        one(next(lines([FIRST], "first")))
        first = time.monotonic() - begin
        for line in lines(messages()[:20], "warm"):
            one(line)
        short = [one(line) for line in lines(messages(), "s")]
        long: list[float] = []
        try:
            long += (one(line) for line in lines(long_messages(), "l"))
        except SystemExit as end:  # a defect elsewhere: what was measured until then still counts
            print(end)
        memory = resident(process.pid)
        process.stdin.close()
    return first, short, long, memory


# -- inside one process: rooms and ratios ----------------------------------------------------------------


class Clock:
    """Own time of the wrapped rooms: what a room calls of another room is the other's."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._stack: list[str] = []
        self._since = 0.0

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._stack:
            self.spent[self._stack[-1]] += now - self._since
        self._since = now

    def wrap(self, owner: object, name: str, room: str) -> None:
        """Replace `owner.name` by itself with its time taken; a name that is gone is an AttributeError."""
        inner: Callable[..., Any] = getattr(owner, name)

        @wraps(inner)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._turn()
            self._stack.append(room)
            self.calls[room] += 1
            try:
                return inner(*args, **kwargs)
            finally:
                self._turn()
                self._stack.pop()

        setattr(owner, name, timed)


def make_pipeline() -> Any:
    """The pipeline as the command line wires it, warm."""
    from bot.cli import _pipeline, _prepare
    from bot.settings import load_settings

    pipeline = _pipeline(load_settings())
    _prepare(pipeline.library)
    for number, text in enumerate([FIRST, *messages()[:20]]):
        pipeline.ask(text, f"warm{number // TURNS}")
    return pipeline


def _ask_all(pipeline: Any, texts: Sequence[str], label: str) -> None:
    for number, text in enumerate(texts):
        try:
            pipeline.ask(text, f"{label}{number // TURNS}")
        except Exception as error:
            print(f"bench: {error!r} at {text[:60]}", file=sys.stderr)


def rooms(pipeline: Any, texts: Sequence[str], label: str) -> Clock:
    """The time of each room over some messages. The calls stay wrapped, so this comes last."""
    import bot.pipeline as module
    from bot.service.store import MemoryStore
    from knowledge.retrieve import Library
    from rules.evaluate import Evaluator

    clock = Clock()
    clock.wrap(module.Pipeline, "ask", "rest")
    clock.wrap(module, "understand", "understand")
    clock.wrap(Evaluator, "evaluate", "evaluate")
    clock.wrap(module, "questions", "questions")
    clock.wrap(Library, "search", "search")
    clock.wrap(module._Turn, "answer", "compose")
    clock.wrap(MemoryStore, "get", "store")
    clock.wrap(MemoryStore, "put", "store")
    _ask_all(pipeline, texts, label)
    return clock


def beside(
    first: Callable[[], object], second: Callable[[], object], rounds: int = 60
) -> tuple[float, float]:
    """Medians in milliseconds of two things run in turns, so that the machine is the same for both."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, times in ((first, took[0]), (second, took[1])):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
    return statistics.median(took[0]) * 1000, statistics.median(took[1]) * 1000


def ratios(pipeline: Any) -> dict[str, tuple[float, float]]:
    """Pairs run beside each other: what it costs, and what the plainest way to the same would cost."""
    import datetime as dt
    import itertools

    from rules.evaluate import Evaluator
    from rules.match.three_valued import ThreeValuedMatcher

    day = dt.date(2026, 11, 23)
    facts = {
        "ad_spend_per_day": 500, "views_session": 900, "orders_per_day": 20, "aov": 128, "unit_cost": 50,
        "months_operating": 3, "gmv_30d": 180000, "stay_seconds": 35, "paid_share": 0.4, "live_days_30d": 26,
    }  # fmt: skip
    plain = Evaluator(pipeline.base, matcher=ThreeValuedMatcher)
    engine = pipeline.evaluator
    library = pipeline.library
    handbook = library._ready().handbook
    encoder = library.encoder
    texts = itertools.cycle(messages())  # more than the encoder remembers: every call computes

    def evaluate(evaluator: Any, statuses: bool) -> Callable[[], object]:
        return lambda: evaluator.evaluate(facts, today=day, statuses=statuses)

    def bm25() -> object:
        return handbook.bm25(next(texts))

    for evaluator in (plain, engine):
        evaluator.evaluate(facts, today=day, statuses=True)
    return {
        "evaluation, engine ÷ the same with the three-valued matcher": beside(
            evaluate(engine, False), evaluate(plain, False)
        ),
        "evaluation with statuses ÷ without": beside(evaluate(engine, True), evaluate(engine, False)),
        "search ÷ BM25 alone": beside(lambda: library.search(next(texts)), bm25),
        "search ÷ one sentence through the model": beside(
            lambda: library.search(next(texts)), lambda: encoder.encode([next(texts) + "?"])
        ),
    }


def rules_alone(count: int = 400) -> None:
    """Loading, and one evaluation of all strata with its trace, on one core; printed as rows of the table."""
    import datetime as dt

    from benchmarks.verify import FactSets
    from rules.evaluate import Evaluator
    from rules.load import load
    from rules.match.three_valued import ThreeValuedMatcher

    def clocked(run: Callable[[], object]) -> float:
        start = time.process_time()
        run()
        return (time.process_time() - start) * 1000

    loads = [clocked(load) / 1000 for _ in range(5)]
    base = load()
    day = dt.date(2026, 11, 23)
    drawn = FactSets(base, 20261124)
    sets = [drawn.draw() for _ in range(count)]
    engine, plain = Evaluator(base), Evaluator(base, ThreeValuedMatcher)
    took: dict[str, list[float]] = {"trace": [], "statuses": [], "plain": []}
    for warm in (True, False):
        for facts in sets:
            once = {
                "trace": clocked(lambda f=facts: engine.evaluate(f, today=day)),
                "statuses": clocked(lambda f=facts: engine.evaluate(f, today=day, statuses=True)),
                "plain": clocked(lambda f=facts: plain.outcome(plain.read(f)[0], day)),
            }
            for name in () if warm else took:
                took[name].append(once[name])
    fired = statistics.mean(len(engine.evaluate(f, today=day).trace) for f in sets)
    rules, strata = len(base.rules), len(base.strata)
    print(f"\nThe rules alone ({rules} in {strata} strata, {fired:.0f} fire in the mean), processor time")
    print(Row("load, median", statistics.median(loads), "s", 0.5))
    print(Row("evaluate with trace, p50", percentile(took["trace"], 0.5), "ms", 3))
    print(Row("evaluate with trace, p99", percentile(took["trace"], 0.99), "ms", 8))
    print(Row("the same with how each rule stands, p50", percentile(took["statuses"], 0.5), "ms"))
    print(Row("the same with how each rule stands, p99", percentile(took["statuses"], 0.99), "ms"))
    print(Row("plain Python generated from the rules, p50", percentile(took["plain"], 0.5), "ms"))
    ratio = statistics.median(took["trace"]) / statistics.median(took["plain"])
    print(f"  {'engine with trace ÷ plain Python':<52}{ratio:>10.1f}", flush=True)


def worker() -> dict[str, Any]:
    """Rooms (own milliseconds a message) and ratios, for the table."""
    pipeline = make_pipeline()
    start, cpu = time.perf_counter(), time.process_time()
    _ask_all(pipeline, messages(), "plain")
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    compared = ratios(pipeline)
    short = rooms(pipeline, messages(), "s")
    spent, calls = dict(short.spent), dict(short.calls)
    short.spent.clear()
    _ask_all(pipeline, long_messages(), "l")
    return {
        "rooms": {r: spent.get(r, 0.0) / len(messages()) * 1000 for r in ROOMS},
        "calls": {r: calls.get(r, 0) / len(messages()) for r in ROOMS},
        "long": {r: short.spent.get(r, 0.0) / len(long_messages()) * 1000 for r in ROOMS},
        "wall": wall / len(messages()) * 1000,
        "cpu": cpu / len(messages()) * 1000,
        "ratios": compared,
        "memory": resident("self"),
    }


def profile(texts: Sequence[str], shown: int) -> None:
    """Where the time goes, by function: cumulative, then own."""
    pipeline = make_pipeline()
    run = cProfile.Profile()
    run.enable()
    _ask_all(pipeline, texts, "p")
    run.disable()
    stats = pstats.Stats(run)
    stats.strip_dirs().sort_stats("cumulative").print_stats(shown)
    stats.sort_stats("tottime").print_stats(shown)


def _worker_process() -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench", "--worker"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def table() -> None:
    """Run everything, print as it comes."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load:.1f} at the start")
    subprocess.run([sys.executable, "bot.py", "setup"], cwd=ROOT, check=True)
    print(f"\nStart of `chat` in a terminal (worst of {STARTS})", flush=True)
    starts = [chat_start(FIRST) for _ in range(STARTS)]
    print(Row("prompt shows", max(s[0] for s in starts), "s", 2))
    print(Row("first answer, typed at once", max(s[1] for s in starts), "s", 8), flush=True)
    starts = [chat_start(MODEL_FIRST) for _ in range(STARTS)]
    print(Row("first answer, of the embedding model", max(s[1] for s in starts), "s", 8), flush=True)

    first, short, long, memory = piped()
    print(f"\nMessages through `ask --json`, warm ({len(short)} short, {len(long)} long)")
    print(Row("first answer after the start", first, "s", 8))
    print(Row("to 120 characters, p50", percentile(short, 0.5) * 1000, "ms"))
    print(Row("to 120 characters, p99", percentile(short, 0.99) * 1000, "ms", 60))
    print(Row("to 120 characters, worst", max(short) * 1000, "ms"))
    if long:
        print(Row("1,000 to 5,000 characters, p50", percentile(long, 0.5) * 1000, "ms"))
        print(Row("1,000 to 5,000 characters, p99", percentile(long, 0.99) * 1000, "ms", 150))
    print(Row("resident memory, highest", memory, "GB", 1.1))
    slow = sorted(zip(short, messages(), strict=True), reverse=True)[:5]
    print("  slowest: " + " | ".join(f"{took * 1000:.0f} ms {text}" for took, text in slow), flush=True)

    rules_alone()
    found = _worker_process()
    print("\nRooms, own time a message")
    print(f"  {'':<20}{'short':>10}{'share':>8}{'calls':>8}{'long':>12}{'share':>8}")
    total, total_long = sum(found["rooms"].values()), sum(found["long"].values())
    for room in ROOMS:
        took, took_long = found["rooms"][room], found["long"][room]
        print(
            f"  {room:<20}{took:>7.2f} ms{took / total:>8.0%}{found['calls'][room]:>8.2f}"
            f"{took_long:>9.2f} ms{took_long / total_long:>8.0%}"
        )
    print(f"  {'all':<20}{total:>7.2f} ms{'':>16}{total_long:>9.2f} ms")
    print(f"  unwrapped: {found['wall']:.2f} ms of time, {found['cpu']:.2f} ms of processors a message")
    print("\nRun beside something plainer (medians)")
    for name, (one, other) in found["ratios"].items():
        print(f"  {name:<62}{one:>8.2f} ms ÷{other:>8.2f} ms ={one / other:>7.1f}")


def main() -> None:
    """One of the four: the table, the rules alone, the worker that the table calls, a profile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--worker", action="store_true", help="measure rooms and ratios; JSON out")
    parser.add_argument("--rules", action="store_true", help="the rules alone: loading and evaluating")
    parser.add_argument("--profile", choices=["short", "long"], help="the functions that take the time")
    parser.add_argument("--shown", type=int, default=40, help="functions shown by --profile")
    chosen = parser.parse_args()
    if chosen.rules:
        rules_alone()
    elif chosen.worker:
        print(json.dumps(worker()))
    elif chosen.profile:
        profile(messages() if chosen.profile == "short" else long_messages(), chosen.shown)
    else:
        table()


if __name__ == "__main__":
    main()
