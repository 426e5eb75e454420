"""A file of clients, read, judged and put in order: chunks of rows through processes, results on disk.

The same rows and the same order with any number of processes. What is held in memory is a few numbers a row;
the rows themselves wait in a temporary file that the system removes.
"""

from __future__ import annotations

import datetime as dt
import functools
import gc
import itertools
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from openpyxl.utils import get_column_letter

from bot.tables.cells import amount, is_missing, written
from bot.tables.clients import client, left_out, name_of, percent
from bot.tables.data import TableError, worded
from bot.tables.grid import Row, Sheet, sheets
from bot.tables.heads import LOOKED_AT, Column, Header, find
from bot.tables.heads import bare as _bare
from bot.tables.judge import Judge
from rules.facts import Fact
from rules.model import RuleBase

_CHUNK = 200  #: rows that go to a process together; so many or fewer stay in this one
_SAMPLE = 300  #: rows by which a column of rates is told to be in per cent or not
_MOST = 8  #: processes


@dataclass
class Part:
    """One sheet that was read: header, its heads as keys (index → key), the rows that are no client."""

    name: str | None
    header: Header
    keys: dict[int, str]
    left: dict[str, list[int]] = field(default_factory=dict)
    clients: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One client in the output: where he stood, his cells, the contract's object, the workbook's words."""

    sheet: int
    row: int
    name: str
    values: list[Any]
    formats: list[str | None] | None
    out: dict[str, Any]
    words: tuple[Any, ...]


@dataclass
class Report:
    """What became of a file; closing it lets the rows go.

    `counts`: by priority, by capability, those without sales, those to check.
    """

    path: Path
    base: RuleBase
    today: dt.date
    parts: list[Part] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    money: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    clients: int = 0
    _file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    _places: list[tuple[tuple[int, float, int], int, int, int]] = field(default_factory=list)

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(
        self, order: tuple[int, float, int], packed: bytes, told: tuple[str, str, float | None, bool]
    ) -> None:
        """Keep one record, as a process packed it."""
        self._places.append((order, self.clients, self._file.tell(), len(packed)))
        self._file.write(packed)
        self.clients += 1
        priority, capability, risk, check = told
        self.counts["priority", priority] += 1
        self.counts["capability", capability] += 1
        self.counts["check", ""] += check
        self.money[priority] += risk or 0
        self.counts["no_sales", priority] += risk is None

    def records(self) -> Iterator[Record]:
        """All clients by priority, money at risk, rules fired, then as they came."""
        for _, _, place, size in sorted(self._places):
            self._file.seek(place)
            yield pickle.loads(self._file.read(size))

    def as_json(self, record: Record) -> dict[str, Any]:
        """The contract's object of one row."""
        keys = self.parts[record.sheet].keys
        cells = {keys[i]: written(v) for i, v in enumerate(record.values) if i in keys}
        cells |= {k: None for i, k in keys.items() if i >= len(record.values)}
        sheet = {"sheet": self.parts[record.sheet].name} if len(self.parts) > 1 else {}
        return {"row": record.row, **sheet, "name": record.name, "input": cells, **record.out}


Chunk = tuple[int, Header, list[tuple[Row, int | None]]]
Packed = list[tuple[tuple[int, float, int], bytes, tuple[str, str, float | None, bool]]]


def triage(path: Path, base: RuleBase, today: dt.date, progress: Callable[[int], None] = lambda _: None,
           processes: int | None = None) -> Report:  # fmt: skip
    """Read and judge every client of a file. `progress` is told how many are done.

    Raises TableError where there is no table of clients.
    """
    report = Report(path, base, today)
    try:
        for packed in _judged(report, processes):
            for one in packed:
                report.add(*one)
            progress(report.clients)
    except BaseException:
        report.__exit__()
        raise
    return report


def _judged(report: Report, processes: int | None) -> Iterator[Packed]:
    chunks = _chunks(report)
    ahead = list(itertools.islice(chunks, 2))
    if not ahead:
        raise _nothing(report)
    workers = min(processes or os.cpu_count() or 1, _MOST)
    several = itertools.chain(ahead, chunks)
    if len(ahead) < 2 or workers < 2:
        return _alone(several, report.base, report.today)
    return _together(several, report.base, report.today, workers)


def _nothing(report: Report) -> TableError:
    file = report.path.name
    if report.parts:
        return TableError("no_rows", file=file, row=report.parts[0].header.row)
    return (
        TableError("no_head", file=file, rows=LOOKED_AT) if report.ignored else TableError("empty", file=file)
    )


# -- reading --------------------------------------------------------------------------------------------


def _chunks(report: Report) -> Iterator[Chunk]:
    """The clients of all sheets in chunks; what is no client is noted in the report."""
    seen: dict[str, int] = {}
    for sheet in sheets(report.path):
        yield from _sheet(sheet, report, seen)


def _sheet(sheet: Sheet, report: Report, seen: dict[str, int]) -> Iterator[Chunk]:
    facts = report.base.facts
    ahead = list(itertools.islice(sheet.rows, LOOKED_AT + _SAMPLE))
    header = find(ahead[:LOOKED_AT], facts)
    if header is None:
        if any(row.values for row in ahead):
            report.ignored.append(sheet.name or report.path.name)
        return
    below = [r for r in ahead if r.number > header.row]
    header = _scaled(header, below, facts)
    part = Part(sheet.name, header, _keys(header))
    report.parts.append(part)
    chunk: list[tuple[Row, int | None]] = []
    for row in itertools.chain(below, sheet.rows):
        why = left_out(row, header)
        if why:
            if why != "blank":
                part.left.setdefault(why, []).append(row.number)
            continue
        _headless(part, row)
        part.clients += 1
        name = name_of(row, header)
        where = f"{len(report.parts)}\n{name}"
        chunk.append((row, seen.setdefault(where, row.number) if name else None))
        if len(chunk) == _CHUNK:
            yield len(report.parts) - 1, header, chunk
            chunk = []
    if chunk:
        yield len(report.parts) - 1, header, chunk


def _keys(header: Header) -> dict[int, str]:
    """The heads by which a row's cells are told, each once."""
    out: dict[int, str] = {}
    for column in header.columns:
        if column.head:
            head, n = column.head, 1
            while head in out.values():
                n += 1
                head = f"{column.head}({n})"
            out[column.index] = head
    return out


def _headless(part: Part, row: Row) -> None:
    """A column without a head that holds something is kept under its letter."""
    for i, value in enumerate(row.values):
        if i not in part.keys and value not in (None, ""):
            part.keys[i] = worded("unnamed_column", letter=get_column_letter(i + 1))


def _scaled(header: Header, rows: Iterable[Row], facts: dict[str, Fact]) -> Header:
    """Columns of rates told apart: 35 that means 35 %, or 0.35 that does."""
    rows = list(rows)

    def one(column: Column) -> Column:
        rates = column.kind in {"rate", "growth"} or any(facts[f].type == "ratio" for f in column.facts)
        if not rates or (column.unit and column.unit.kind == "rate"):
            return column
        bare: list[float] = []
        for row in rows:
            value = row.values[column.index] if column.index < len(row.values) else None
            if is_missing(value) or percent(row, column):
                continue
            token = amount(value, column, False, None)
            if token is not None and token.kind in {"plain", "weak"} and token.value:
                bare.append(abs(token.value))
        top = max([2.0, *(r[1] for f in column.facts if (r := facts[f].range) and facts[f].type == "ratio")])
        own = any(_bare(n) == _bare(column.head) for f in column.facts[:1] for n in [f, *facts[f].formerly])
        # by the name of the contract a rate is a share
        return replace(column, cents_from=top if own else cents_from(bare, top))

    return replace(header, columns=tuple(map(one, header.columns)))


def cents_from(bare: list[float], top: float) -> float:
    """From where on the bare numbers of a column of rates are per cent.

    Mostly shares (0.35): only what could be none, from `top`. Mostly per cent: all of them (2.1, 0.8), but
    where they are large (35, 55) a 0.4 among them is a share.
    """
    large = sorted(v for v in bare if v > 1)
    if not bare or len(large) * 2 < len(bare) - len(large):
        return top if bare else 1.0
    return 1.0 if large[len(large) // 2] >= 10 else 0.0


# -- judging --------------------------------------------------------------------------------------------

_judge: Judge | None = None


def _start(base: RuleBase, today: dt.date, child: bool = True) -> None:
    """A process gets its judge; Ctrl-C is the parent's to handle."""
    global _judge
    if child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _judge = Judge(base, today)
    gc.freeze()  # the rule base stays: not to be looked through again and again saves a tenth


def _work(chunk: Chunk) -> Packed:
    assert _judge
    return judged_chunk(_judge, chunk)


def judged_chunk(judge: Judge, chunk: Chunk) -> Packed:
    """The clients of a chunk, judged and packed."""
    sheet, header, rows = chunk
    out: Packed = []
    for row, first in rows:
        one = client(row, header, judge.base.facts, judge.today)
        if first is not None and first != row.number:
            one.check.append({"fact": "name", "value": one.name, "reason": "duplicate_row", "rows": [first]})
        judged = judge.judge(one)
        record = Record(sheet, row.number, one.name, row.values, row.formats, judged.out, judged.words)
        told = (judged.out["priority"], judged.out["capability"], judged.out.get("value_at_risk"),
                bool(judged.out["check"]))  # fmt: skip
        out.append((judged.order, pickle.dumps(record, pickle.HIGHEST_PROTOCOL), told))
    return out


def _alone(chunks: Iterable[Chunk], base: RuleBase, today: dt.date) -> Iterator[Packed]:
    judge = Judge(base, today)
    yield from map(functools.partial(judged_chunk, judge), chunks)


def _together(chunks: Iterable[Chunk], base: RuleBase, today: dt.date, workers: int) -> Iterator[Packed]:
    """Chunks through processes, in order; only a few are under way at a time."""
    how = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    pool = ProcessPoolExecutor(workers, how, _start, (base, today))
    under_way: deque[Future[Packed]] = deque()
    try:
        for chunk in chunks:
            under_way.append(pool.submit(_work, chunk))
            if len(under_way) > 3 * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
