"""The command line: one function a command, and the wiring of the rooms. Contract: JSON Lines with --json."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from bot import handbook_commands, rules_commands, table_commands
from bot.conversation import intents, numbers
from bot.crossings import crossings
from bot.errors import BotError, InputError
from bot.lines import fail, input_lines, put, stream
from bot.options import Json, Overrides
from bot.pipeline import Pipeline, today
from bot.service.store import MemoryStore, Store
from bot.settings import Settings, load_settings
from knowledge import check as handbook_check
from knowledge.errors import KnowledgeError
from knowledge.load import HANDBOOK, load_passages, load_sources
from knowledge.retrieve import Library
from rules.check import findings as rule_findings
from rules.errors import DataError, FactError
from rules.load import load
from rules.model import PREFIXES, Scope
from rules.reload import Reloading

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="抖音商家参谋 · advisor for merchants on Douyin",
)
app.add_typer(rules_commands.app, name="rules")
app.command()(handbook_commands.search)
app.command()(handbook_commands.ingest)
app.command(name="eval")(handbook_commands.evaluate)
app.command(name="triage")(table_commands.triage_)


def main() -> None:
    """Run one command; an error a person can act on is one line on standard error and status 2."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for channel in (sys.stdout, sys.stderr):
        channel.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    out = sys.stdout
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except SystemExit:
        if sys.stdout is not out:  # typer's sign that the reader has left, which is no defect
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
            sys.exit(0)
        raise
    except typer.Abort:
        sys.exit(130)
    except typer.TyperException as error:  # unusable arguments; without any, the help was shown
        if len(sys.argv) < 2:
            sys.exit(2)
        fail(getattr(error, "format_message", error.__str__)())
    except (DataError, KnowledgeError, BotError, OSError) as error:
        fail(str(error))


def _pipeline(settings: Settings, store: Store | None = None, index: Path | None = None) -> Pipeline:
    library = handbook_commands.library(settings, index)
    passages, sources = {p.id for p in library.passages}, load_sources()
    rules = Reloading(settings.overrides_now, check=lambda base: crossings(base, passages, sources))
    return Pipeline(rules, library, store or MemoryStore())


def _database(url: str) -> Store:
    # a fifth of a second to import, which a chat without it need not wait for
    from bot.service.sql_store import SqlStore

    return SqlStore(url)


def _warm(pipeline: Pipeline, to_stay: bool = True) -> None:
    """Load the model behind the prompt, and for more than one message what each category needs.

    What fails here fails again, and is told, at the first question.
    """

    def run() -> None:
        with contextlib.suppress(KnowledgeError):
            _prepare(pipeline.library)
        if to_stay:
            pipeline.warm()

    threading.Thread(target=run, daemon=True).start()


def _prepare(library: Library) -> None:
    """Model, index, vectors of the example messages (from the cache, or made and kept there), numerals."""
    library.warm()
    intents.warm(library.encoder, library.cache_dir)
    numbers.chinese("三")


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InputError(None, line[:200], "a JSON object") from None
    if not isinstance(value, dict):
        raise InputError(None, value, "a JSON object")
    return value


def _named(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("name"), str)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _date(value: Any) -> dt.date | None:
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError("today", value, "a date like 2026-11-23") from None


@app.command()
def ask(
    words: Annotated[list[str] | None, typer.Argument(help="the message; else one message a line")] = None,
    json_: Json = False,
    overrides: Overrides = None,
    store: Annotated[str | None, typer.Option(help="keep conversations here: sqlite:///chats.db")] = None,
    index: handbook_commands.InIndex = None,
) -> None:
    """Answer messages: the words given, or one message (text or JSON object) a line."""
    pipeline = _pipeline(load_settings(overrides), _database(store) if store else None, index)
    _warm(pipeline, to_stay=not words)

    def show(text: str, session: str = "default", on: dt.date | None = None) -> dict[str, Any]:
        answer = pipeline.ask(text, session, on)
        return answer.as_json() if json_ else {"text": answer.text.strip()}

    def line(given: str) -> dict[str, Any]:
        if not given.lstrip().startswith("{"):
            return show(given)
        value = _object(given)
        for name in value:
            if name not in {"session", "text", "today"}:
                raise InputError(name, value[name], "session, text or today")
        for name in ("session", "text"):
            if not isinstance(value.get(name, "" if name == "text" else "default"), str):
                raise InputError(name, value[name], "a text")
        if "text" not in value:
            raise InputError("text", None, "a text")
        return show(value["text"], value.get("session", "default"), _date(value.get("today")))

    if words:
        answer = show(" ".join(words))
        put(answer) if json_ else print(answer["text"])
    elif json_:
        stream(line)
    else:
        for given in input_lines():
            print(line(given)["text"] + "\n", flush=True)


@app.command()
def decide(json_: Json = False, overrides: Overrides = None) -> None:  # noqa: ARG001 JSON either way
    """Decide on facts: one JSON object {"facts": {…}} a line; always JSON Lines out."""
    pipeline = _pipeline(load_settings(overrides))

    def line(given: str) -> dict[str, Any]:
        value = _object(given)
        for name in value:
            if name not in {"facts", "creators", "goods", "today", "id"}:
                raise InputError(name, value[name], "facts, creators, goods, today or id")
        facts = value.get("facts", {})
        if not isinstance(facts, dict):
            raise InputError("facts", facts, "an object of facts")
        items: dict[Scope, list[dict[str, object]]] = {}
        for name in PREFIXES:
            given_items = value.get(name, [])
            if not isinstance(given_items, list) or not all(_named(i) for i in given_items):
                raise InputError(name, given_items, "a list of objects with a name")
            if len({i["name"] for i in given_items}) < len(given_items):
                raise InputError(name, [i["name"] for i in given_items], "a name of its own for each")
            if given_items:
                items[name] = given_items
        try:
            tag = {"id": value["id"]} if "id" in value else {}
            return tag | pipeline.decide(facts, _date(value.get("today")), items)
        except FactError as error:
            raise InputError(error.field, error.value, error.expected) from None

    stream(line)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="override files to check as well")] = None,
    overrides: Overrides = None,
) -> None:
    """Check all data: one line a finding, `file:line [id] what; what would be right`."""
    settings = load_settings(overrides)
    files = [*(files or []), *([settings.overrides] if settings.overrides else [])]
    lines = rule_findings(files, today=today())
    lines += handbook_check.findings()
    if not lines:
        passages = {p.id for p in load_passages(HANDBOOK)}
        lines += map(str, crossings(load(overrides=settings.overrides), passages, load_sources()))
    for one in lines:
        print(one)
    if lines:
        sys.exit(2)
    print("数据没有问题。", file=sys.stderr)


@app.command()
def chat(overrides: Overrides = None) -> None:
    """Chat in the terminal; with piped input each line is answered."""
    from bot.channels import terminal

    pipeline = _pipeline(load_settings(overrides))
    sys.exit(terminal.run(pipeline, lambda: _warm(pipeline)))


@app.command()
def telegram(overrides: Overrides = None) -> None:
    """Answer on Telegram; the token stands in TELEGRAM_BOT_TOKEN."""
    from bot.channels import telegram as channel

    settings = load_settings(overrides)

    def core() -> Pipeline:
        pipeline = _pipeline(settings, _database(f"sqlite:///{settings.data / 'chats.db'}"))
        _warm(pipeline)
        return pipeline

    settings.data.mkdir(parents=True, exist_ok=True)
    sys.exit(channel.main(core, settings.data / "telegram-inbox.db"))


@app.command()
def setup(overrides: Overrides = None) -> None:
    """Unpack the embedding model and build the index, so that the first question is quick."""
    _prepare(handbook_commands.library(load_settings(overrides)))
