"""Sending to Telegram until it is out, and the notice that an answer is being worked on."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from telegram import LinkPreviewOptions, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

log = logging.getLogger(__name__)

# The library then gives waiting times in the type it is moving to, and does not warn about the old one.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# Measured: throughput grows up to 32 at once and falls beyond, as the HTTP pool is quadratic.
CONCURRENT = 32
FIRST_RETRY = 0.5
SLOWEST_RETRY = 60.0
TYPING_AFTER = 0.4
TYPING_EVERY = 4.5


class TokenRejected(Exception):
    """Telegram does not know the token. Carries no text, since Telegram's own would carry the token."""


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling, a minute at most."""
    return min(SLOWEST_RETRY, FIRST_RETRY * 2.0 ** min(failures, 10))


class Sender:
    """Sends for one bot. `moved(old, new)` is told when a group gets a new id."""

    def __init__(self, bot: ExtBot[Any], moved: Callable[[str, str], None]) -> None:
        self._bot = bot
        self._moved = moved
        self._slots = asyncio.Semaphore(CONCURRENT)
        self.rejected = asyncio.Event()

    async def deliver(self, chat: str, text: str, quote: int | None) -> bool:
        """Send one message of plain text, trying until it is out; False where it can never arrive.

        After a lost answer the message may be there twice: Telegram has no key to tell a repeat by.
        """
        failures = 0
        while True:
            wait = backoff(failures)
            failures += 1
            try:
                async with self._slots:
                    await self._send(chat, text, quote)
                return True
            except ChatMigrated as group:
                new = str(group.new_chat_id)
                await asyncio.to_thread(self._moved, chat, new)
                chat = new
            except RetryAfter as limit:
                pause = limit.retry_after
                wait = (pause if isinstance(pause, int) else pause.total_seconds()) + 0.5
            except (BadRequest, Forbidden) as error:
                # Blocked, left, deleted: no retry changes that.
                log.warning("an answer was refused: %s", error.message)
                return False
            except InvalidToken:
                if failures >= 3:
                    self.rejected.set()
            except TelegramError as error:
                log.warning("sendMessage failed: %s", type(error).__name__)
            await asyncio.sleep(wait)

    async def _send(self, chat: str, text: str, quote: int | None) -> None:
        await self._bot.send_message(
            chat,
            text,
            reply_parameters=ReplyParameters(quote, allow_sending_without_reply=True) if quote else None,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

    async def with_typing(self, chat: str, work: Coroutine[Any, Any, str]) -> str:
        """Await `work`, showing "typing" meanwhile."""

        async def typing() -> None:
            # A quick answer needs no notice, and in groups each call counts against the limit.
            await asyncio.sleep(TYPING_AFTER)
            while True:
                try:
                    await self._bot.send_chat_action(chat, "typing", rate_limit_args=1)
                except TelegramError as error:
                    log.debug("no typing notice: %s", type(error).__name__)
                await asyncio.sleep(TYPING_EVERY)

        notice = asyncio.create_task(typing())
        try:
            return await work
        finally:
            notice.cancel()
