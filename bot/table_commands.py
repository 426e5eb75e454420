"""`triage`: a table of clients in, the same table in order of urgency out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.lines import put
from bot.options import Json, Overrides
from bot.pipeline import today
from bot.settings import load_settings
from bot.tables.book import write
from bot.tables.data import TableError, worded
from bot.tables.run import Report, triage
from rules.load import load

Out = Annotated[Path | None, typer.Option("-o", "--out", help="the workbook to write, .xlsx")]


def triage_(
    file: Annotated[Path, typer.Argument(help="clients as .csv or .xlsx, one a row")],
    out: Out = None,
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """Triage a table of clients: priority, what to do first, what to ask, by the rule base."""
    if out is None and not json_:
        raise TableError("out_nothing")
    if out is not None:
        _writable(file, out)
    base = load(overrides=load_settings(overrides).overrides)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(), auto_refresh=False,
    ) as bar:  # fmt: skip
        task = bar.add_task(worded("judging"), total=None)

        def progress(done: int) -> None:
            bar.update(task, completed=done, refresh=True)

        with triage(file, base, today(), progress) as report:
            if out is not None:
                bar.update(task, description=worded("writing"), completed=0, total=report.clients)
                with _beside(out) as place:
                    write(report, place, progress)
            for record in report.records() if json_ else ():
                put(report.as_json(record))
    _tell(report, out)


def _writable(file: Path, out: Path) -> None:
    """What can be said against the target before anything is read."""
    if out.is_dir():
        raise TableError("out_is_folder", out=out)
    if out.suffix.lower() != ".xlsx":
        raise TableError("out_suffix", out=out.name)
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise TableError("out_folder", out=out)
    if out.exists() and file.exists() and out.samefile(file):
        raise TableError("out_is_input", out=out.name)


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A file beside the target that becomes it once it is whole, and is gone if anything goes wrong."""
    place = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        yield place
        place.replace(out)
    except OSError as error:
        raise TableError("out_write", out=out.name, detail=error.strerror or error) from None
    finally:
        place.unlink(missing_ok=True)


def _tell(report: Report, out: Path | None) -> None:
    """What was done, on standard error; with what was not read."""
    names = report.base.keys["priority"].values
    counts = worded("comma").join(f"{n} {report.counts['priority', n]}" for n in names)
    told = worded("done" if out else "done_json", clients=report.clients, check=report.counts["check", ""],
                  counts=counts, out=out)  # fmt: skip
    print(told, file=sys.stderr)
    if report.ignored:
        print(worded("left_out", sheets=worded("comma").join(report.ignored)), file=sys.stderr)
    unread = dict.fromkeys(c.head for p in report.parts for c in p.header.columns if c.head and not c.kind)
    if unread:
        print(worded("unread", heads=worded("comma").join(unread)), file=sys.stderr)
