"""Between Telegram and the core: fetch, keep, answer in order, send until it is out.

Telegram forgets an update once the next fetch names a higher number, so updates are on disk before that. Each
chat has a task of its own that takes its letters one by one; chats run side by side.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from telegram import User
from telegram.error import Conflict, EndPointNotFound, InvalidToken
from telegram.ext import ExtBot

from bot.channels.base import Core, Inbound
from bot.channels.telegram_send import CONCURRENT, Sender, TokenRejected, backoff
from bot.channels.telegram_text import language_of, sentence, split
from bot.channels.telegram_update import ALLOWED_UPDATES, album, letter
from bot.service.inbox import Inbox, Letter

log = logging.getLogger(__name__)

POLL_SECONDS = 25


class Bridge:
    """One bot, one core, one inbox. `say` takes lines for the operator."""

    def __init__(self, bot: ExtBot[Any], core: Core, inbox: Inbox, say: Callable[[str], None]) -> None:
        self._bot = bot
        self._core = core
        self._inbox = inbox
        self._say = say
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._threads = ThreadPoolExecutor(CONCURRENT, thread_name_prefix="telegram-core")
        self._thinking = asyncio.Semaphore(CONCURRENT)
        self._sender = Sender(bot, self._moved)
        self._loop = asyncio.get_running_loop()
        self._albums: dict[str, None] = {}

    async def run(self) -> None:
        """Work until cancelled; raises TokenRejected where the token is revoked meanwhile."""
        for chat in await asyncio.to_thread(self._inbox.chats):
            self._wake(chat)
        tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._sender.rejected.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            raise TokenRejected
        finally:
            tasks += self._busy.values()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._threads.shutdown(wait=False, cancel_futures=True)

    # Fetching

    async def _poll(self) -> None:
        offset: int | None = None
        failures = refusals = 0
        told = ""
        while True:
            try:
                raw = await self._fetch(offset)
                await self._keep(raw)
            except Conflict:
                told = self._tell_once(told, "conflict")
            except (InvalidToken, EndPointNotFound):
                # Once may be a gateway's slip; three times in a row is a revoked token.
                refusals += 1
                if refusals == 3:
                    raise TokenRejected from None
            except sqlite3.Error as error:
                log.warning("the inbox can't be written: %s", error)
                told = self._tell_once(told, "database", path=str(self._inbox.path))
            except Exception as error:
                log.warning("getUpdates failed: %s", type(error).__name__)
                if failures >= 3:
                    told = self._tell_once(told, "unreachable")
            else:
                if raw:
                    offset = max(update["update_id"] for update in raw) + 1
                failures = refusals = 0
                told = ""
                continue
            await asyncio.sleep(backoff(failures))
            failures += 1

    async def _fetch(self, offset: int | None) -> list[dict[str, Any]]:
        # Raw, since the library gives up a whole batch for one update that it can't read, for ever.
        arguments: dict[str, Any] = {"timeout": POLL_SECONDS, "allowed_updates": ALLOWED_UPDATES}
        if offset is not None:
            arguments["offset"] = offset
        found = await self._bot.do_api_request("getUpdates", arguments, read_timeout=POLL_SECONDS + 10)
        return [update for update in found if isinstance(update["update_id"], int)]

    async def _keep(self, raw: list[dict[str, Any]]) -> None:
        """Write what there is to answer; when this returns, the updates may be acknowledged."""
        me: User = self._bot.bot
        letters = []
        for update in raw:
            try:
                found = letter(update, me)
            except Exception as error:
                log.warning("update %s can't be read: %s", update["update_id"], type(error).__name__)
                continue
            if found is None or self._seen_album(album(update)):
                continue
            letters.append(found)
        await asyncio.to_thread(self._inbox.add, letters)
        for one in letters:
            self._wake(one.chat)

    def _seen_album(self, name: str | None) -> bool:
        if name is None:
            return False
        seen = name in self._albums
        self._albums[name] = None
        if len(self._albums) > 1000:
            del self._albums[next(iter(self._albums))]
        return seen

    # Answering

    def _wake(self, chat: str) -> None:
        self._again.add(chat)
        if chat not in self._busy:
            self._busy[chat] = asyncio.create_task(self._drain(chat))

    async def _drain(self, chat: str) -> None:
        """Answer a chat's letters until none is open."""
        failures = 0
        try:
            while True:
                self._again.discard(chat)
                try:
                    one = await asyncio.to_thread(self._inbox.next, chat)
                    if one is not None:
                        await self._answer(one)
                except Exception:
                    # A full disk, say. The letter stays open.
                    log.exception("a letter could not be worked on; trying again")
                    await asyncio.sleep(backoff(failures))
                    failures += 1
                    continue
                failures = 0
                # A letter may have come in while the last look found none.
                if one is None and chat not in self._again:
                    return
        finally:
            self._busy.pop(chat, None)

    async def _answer(self, one: Letter) -> None:
        answer = one.answer
        if answer is None:
            answer = await self._sender.with_typing(one.chat, self._think(one))
            await asyncio.to_thread(self._inbox.answered, one.update_id, answer)
        for number, part in enumerate(split(answer), start=1):
            if number > one.parts_sent:
                quote = one.reply_to if number == 1 else None
                if not await self._sender.deliver(one.chat, part, quote):
                    break
                await asyncio.to_thread(self._inbox.part_sent, one.update_id, number)
        await asyncio.to_thread(self._inbox.done, one.update_id)

    async def _think(self, one: Letter) -> str:
        message = Inbound("telegram", one.chat, one.user, one.text, f"telegram:{one.update_id}")
        async with self._thinking:
            try:
                return (await self._loop.run_in_executor(self._threads, self._core.reply, message)).text
            except Exception:
                # The core promises not to raise. Where it does, silence would be worse than an apology.
                log.exception("the core failed on an update")
                return sentence("failed", language_of(one.text))

    def _moved(self, old: str, new: str) -> None:
        self._inbox.moved(old, new)
        self._loop.call_soon_threadsafe(self._wake, new)

    def _tell_once(self, told: str, name: str, **values: str) -> str:
        if told != name:
            self._say(sentence(name, **values))
        return name
