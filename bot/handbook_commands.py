"""`search`, `ingest`, `eval`: the handbook and the operator's own documents on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.conversation.dialogue import wording
from bot.evaluation import evaluated, read_questions
from bot.lines import fail, input_lines, put, stream
from bot.options import Json, Overrides
from bot.settings import Settings, load_settings
from knowledge.ingest import Outcome
from knowledge.ingest import ingest as take_in
from knowledge.ingest import remove as take_out
from knowledge.retrieve import Library


def worded(code: str, **values: Any) -> str:
    """One of the bot's sentences, in Chinese."""
    return wording()[code]["zh"].format(**values)


InIndex = Annotated[
    Path | None, typer.Option("--index", help="a folder made by `ingest --index`: search it alone")
]


def library(settings: Settings, index: Path | None = None) -> Library:
    """The handbook and the operator's own documents, or one index of documents alone."""
    return Library.open(settings.model, documents=index or settings.documents, alone=index is not None)


def search(
    words: Annotated[list[str] | None, typer.Argument(help="the question; else one question a line")] = None,
    top: Annotated[int, typer.Option(min=1, max=100)] = 5,
    json_: Json = False,
    overrides: Overrides = None,
    index: InIndex = None,
) -> None:
    """Search the handbook and what was put in with `ingest`."""
    shelf = library(load_settings(overrides), index)
    if not words and json_:
        stream(lambda query: _found(shelf, query, top))
        return
    for query in [" ".join(words)] if words else input_lines():
        answer = _found(shelf, query, top)
        put(answer) if json_ else print(_told(answer), flush=True)


def _found(shelf: Library, query: str, top: int) -> dict[str, Any]:
    found = shelf.search(query, top)
    passages = [
        {
            "passage": h.passage.id,
            "title": h.passage.title,
            "path": list(h.passage.path),
            "text": h.passage.text,
            "score": h.score,
            "source": shelf.source_title(h.passage),
            "document": h.passage.document,
            "reply": h.reply,
        }
        for h in found.hits
    ]
    out = {"query": query, "grounded": found.grounded, "passages": passages, "nearest": list(found.nearest)}
    return out | ({"look_up": found.look_up.where} if found.look_up else {})


def _told(answer: dict[str, Any]) -> str:
    """A search as a support agent reads it: where, the text, a reply to copy, the source."""
    out = [
        worded("search_hit", **p | {"number": n, "path": " › ".join(p["path"])}) + "\n"
        for n, p in enumerate(answer["passages"], 1)
    ]
    if not answer["grounded"]:
        out.append(answer.get("look_up") or worded("search_nothing"))
        if answer["nearest"]:
            out.append(worded("nearest", titles="、".join(answer["nearest"])))
    return "\n".join(out)


def ingest(
    files: Annotated[list[Path] | None, typer.Argument(help="files and folders to read")] = None,
    index: Annotated[Path | None, typer.Option(help="the folder of an index of its own")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="take out a document, by its file name")] = None,
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """Read .txt .md .html .pdf .docx .csv .xlsx files into the operator's documents."""
    if not files and not remove:
        fail(worded("ingest_what"))
    settings = load_settings(overrides)
    refused, nothing = False, True
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
    ) as bar:  # fmt: skip
        for outcome in _outcomes(settings, index, files or [], remove or [], bar):
            refused, nothing = refused or outcome.state == "refused", False
            if json_:
                put(outcome.as_json())
            if outcome.error:
                print(outcome.error, file=sys.stderr)
            elif not json_:
                print(_line(outcome), flush=True)
    if refused:
        sys.exit(2)
    if nothing:
        print(worded("ingest_nothing"), file=sys.stderr)


def _outcomes(
    settings: Settings, folder: Path | None, files: list[Path], names: list[str], bar: Progress
) -> Iterator[Outcome]:
    shelf = Library.open(settings.model, documents=folder or settings.documents)
    index = shelf.writable()
    task = bar.add_task("", total=None)

    def progress(document: str, done: int, of: int) -> None:
        bar.update(task, description=document, completed=done, total=of)

    try:
        yield from take_out(names, index)
        yield from take_in(files, index, shelf.encoder, progress)
    finally:
        index.close()


def _line(outcome: Outcome) -> str:
    values = outcome.as_json()
    dropped = "、".join(f"{worded(f'dropped_{k}')} {n}" for k, n in outcome.dropped.items())
    return worded(f"ingest_{outcome.state}", **values | {"dropped": dropped or worded("dropped_nothing")})


def evaluate(
    file: Annotated[Path, typer.Argument(help="questions, as in tests/retrieval")],
    json_: Json = False,
    overrides: Overrides = None,
    index: InIndex = None,
) -> None:
    """Run questions with their expected passages and print how many are found, refused and missed."""
    settings = load_settings(overrides)
    questions = read_questions(file)
    report = evaluated(library(settings, index), questions, file, settings.data / "evaluations.jsonl")
    put(report) if json_ else print("\n".join(_reported(report)))


def _reported(report: dict[str, Any]) -> Iterator[str]:
    """An evaluation as a person reads it: the shares, beside those of the run before, and what was missed."""
    before = (report["before"] or {}).get("figures", {})
    for group, figures in report["figures"].items():
        if group != "all" and figures == report["figures"]["all"]:
            continue
        yield worded(f"eval_{group}", **figures)
        for name, value in figures.items():
            if f"eval_{name}" not in wording() and not name.endswith("_refused"):
                continue
            kind = name.removesuffix("_refused")
            said = (
                worded(f"eval_{name}") if f"eval_{name}" in wording() else worded("eval_refused", kind=kind)
            )
            was = before.get(group, {}).get(name)
            change = "" if was is None or was == value else worded("eval_before", was=f"{was:.1%}")
            yield f"  {said} {value:.1%}{change}"
    for miss in report["misses"]:
        found = "、".join(miss["found"]) or worded("dropped_nothing")
        expected = "、".join(map(str, miss["expected"])) or worded("eval_to_refuse")
        yield worded("eval_miss", q=miss["q"], expected=expected, found=found)
