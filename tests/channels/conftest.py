"""A stand-in for Telegram, and the channel running against it on a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.channels import telegram
from bot.channels.base import Core, Inbound, Reply
from tests.channels.bot_api import BotApi

Start = Callable[..., "Running"]


class Running:
    """The channel at work; `lines` is what it told the operator."""

    def __init__(self, core: Core, api: BotApi, database: Path) -> None:
        self.lines: list[str] = []
        self.error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        serve = telegram.serve(core, api.token, database=database, base_url=api.url, say=self.lines.append)
        self._task = self._loop.create_task(serve)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._task)
        except BaseException as error:
            self.error = error

    def stop(self) -> None:
        """Stop it as SIGTERM would."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(10)
            assert not self._thread.is_alive()
        self._loop.close()


class FakeCore:
    """Keeps what it was asked; answers with `answer`, an echo by default."""

    def __init__(self, answer: Callable[[Inbound], str] = lambda m: m.text) -> None:
        self.seen: list[Inbound] = []
        self._answer = answer

    def reply(self, message: Inbound) -> Reply:
        self.seen.append(message)
        return Reply(self._answer(message))


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as server:
        yield server


@pytest.fixture
def start(api: BotApi, tmp_path: Path) -> Iterator[Start]:
    running: list[Running] = []

    def begin(core: Core) -> Running:
        running.append(Running(core, api, tmp_path / "inbox.db"))
        return running[-1]

    yield begin
    for one in running:
        one.stop()
