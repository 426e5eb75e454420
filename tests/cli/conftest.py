"""Commands as processes of their own, or inside this one where only a part of the wiring is at stake."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from bot import cli
from bot.models import Session
from bot.service.sql_store import SqlStore
from knowledge.retrieve import Library
from tests.cli import lines
from tests.cli.running import LIMIT, ROOT, Command, Run


@pytest.fixture(scope="session")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Runs `bot.py` with arguments and bytes on standard input, in settings of its own."""
    folder = tmp_path_factory.mktemp("settings")

    def run(args: Sequence[str], given: bytes | str = b"", **env: str) -> Run:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TELEGRAM_", "PYTHON", "ADVISOR_"))}
        kept = {k: os.environ[k] for k in ("ADVISOR_CACHE",) if k in os.environ}
        own = {"ADVISOR_CONFIG": str(folder), "ADVISOR_DATA": str(folder)}
        done = subprocess.run(
            [sys.executable, "bot.py", *args],
            cwd=ROOT,
            env=clean | kept | own | env,
            input=given.encode() if isinstance(given, str) else given,
            capture_output=True,
            timeout=LIMIT,
        )
        return Run(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))

    return run


@pytest.fixture
def inside(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Like `command`, within this process and with the model that is loaded already."""
    monkeypatch.setattr(Library, "open", lambda *_, **__: library)
    monkeypatch.setenv("ADVISOR_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("ADVISOR_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)

    def run(args: Sequence[str], given: bytes | str = b"") -> Run:
        content = given.encode() if isinstance(given, str) else given
        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["bot.py", *args])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, write_through=True))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, write_through=True))
            with pytest.raises(SystemExit) as end:
                cli.main()
            return Run(int(end.value.code or 0), out.getvalue().decode(), err.getvalue().decode())

    return run


@pytest.fixture
def read_only(tmp_path: Path) -> str:
    """The URL of a store that is whole and cannot be written."""
    file = tmp_path / "chats.db"
    SqlStore(f"sqlite:///{file}").put("kept", Session())
    return f"sqlite:///file:{file}?mode=ro&uri=true"


@pytest.fixture(scope="session")
def runs(command: Command) -> Iterator[dict[str, Future[Run]]]:
    """The long runs by name, started at once, two at a time; `.result()` waits for one."""
    ask, decide, search = lines.ask(), lines.decide(), lines.search()
    with ThreadPoolExecutor(2) as pool:
        yield {
            "decide": pool.submit(command, ["decide", "--json"], decide, PYTHONHASHSEED="1"),
            "decide again": pool.submit(command, ["decide"], decide, PYTHONHASHSEED="77"),
            "ask": pool.submit(command, ["ask", "--json"], ask, PYTHONHASHSEED="1"),
            "ask again": pool.submit(command, ["ask", "--json"], ask, PYTHONHASHSEED="77"),
            "search": pool.submit(command, ["search", "--json", "--top", "3"], search),
        }


@pytest.fixture(scope="session")
def asked(runs: dict[str, Future[Run]]) -> list[dict[str, object]]:
    """The answers to the readable lines of `lines.ASK`, in order."""
    return [a for a in runs["ask"].result().answers if "error" not in a]
