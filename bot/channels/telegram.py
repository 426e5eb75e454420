"""The Telegram channel: checks the token, opens the inbox, runs until stopped.

`main` is what the command line calls; `run` and `serve` are its pieces for callers that have a core at hand.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sqlite3
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from telegram import BotCommand
from telegram.error import InvalidToken, TelegramError
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot.channels.base import Core
from bot.channels.telegram_bridge import Bridge
from bot.channels.telegram_send import CONCURRENT, TokenRejected, backoff
from bot.channels.telegram_text import commands, sentence
from bot.service.inbox import Inbox

log = logging.getLogger(__name__)

TOKEN_VARIABLE = "TELEGRAM_BOT_TOKEN"
BASE_URL_VARIABLE = "TELEGRAM_BASE_URL"
OFFICIAL = "https://api.telegram.org"
USAGE_ERROR = 2


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def token_problem(token: str | None) -> str | None:
    """One sentence about a missing or malformed token, else None. Does not ask Telegram."""
    if not token or not token.strip():
        return sentence("token_missing", variable=TOKEN_VARIABLE)
    if not re.fullmatch(r"[0-9]{5,20}:[A-Za-z0-9_-]{30,60}", token.strip()):
        return sentence("token_malformed", variable=TOKEN_VARIABLE)
    return None


def main(make_core: Callable[[], Core], database: Path) -> int:
    """Run with the environment's token and return the exit status.

    The core is made only once the token looks right: loading it takes seconds, and a typing slip should not.
    """
    token = os.environ.get(TOKEN_VARIABLE)
    problem = token_problem(token)
    if problem or token is None:
        _say(problem or "")
        return USAGE_ERROR
    return run(make_core(), token, database=database)


def run(
    core: Core,
    token: str,
    *,
    database: Path,
    base_url: str | None = None,
    base_file_url: str | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM. Returns 0; 2 for a token that is no good; 1 for an inbox that fails.

    `base_url` is the root of a Bot API server without `/bot`, e.g. `http://127.0.0.1:8081`; it defaults to
    TELEGRAM_BASE_URL and then to Telegram. `base_file_url` defaults to `<base_url>/file/bot`.
    """
    problem = token_problem(token)
    if problem:
        _say(problem)
        return USAGE_ERROR
    try:
        asyncio.run(
            serve(core, token.strip(), database=database, base_url=base_url, base_file_url=base_file_url)
        )
    except TokenRejected:
        _say(sentence("token_rejected", variable=TOKEN_VARIABLE))
        return USAGE_ERROR
    except (OSError, sqlite3.Error):
        _say(sentence("database", path=str(database)))
        return 1
    except KeyboardInterrupt:
        pass
    return 0


async def serve(
    core: Core,
    token: str,
    *,
    database: Path,
    base_url: str | None = None,
    base_file_url: str | None = None,
    say: Callable[[str], None] = _say,
) -> None:
    """Serve until cancelled or signalled. Raises TokenRejected; OSError or sqlite3.Error for the inbox."""
    _silence()
    bot = make_bot(token, base_url or os.environ.get(BASE_URL_VARIABLE) or OFFICIAL, base_file_url)
    inbox = Inbox(database, bot=token.partition(":")[0])
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, task.cancel if task else loop.stop)
        except (NotImplementedError, RuntimeError, ValueError):
            break  # not the main thread, or a system without it: the caller stops us
    try:
        await _start(bot, say)
        say(sentence("running", name=bot.username))
        await Bridge(bot, core, inbox, say).run()
    except asyncio.CancelledError:
        log.info("stopped; what is unanswered stays in the inbox")
    finally:
        await _close(bot)
        inbox.close()


def make_bot(token: str, base_url: str, base_file_url: str | None) -> ExtBot[int]:
    """The HTTP client: a pool as wide as the concurrency, and patience with rate limits."""
    root = base_url.rstrip("/")
    return ExtBot(
        token,
        base_url=f"{root}/bot",
        base_file_url=base_file_url or f"{root}/file/bot",
        request=HTTPXRequest(connection_pool_size=CONCURRENT + 8, pool_timeout=30, read_timeout=20),
        get_updates_request=HTTPXRequest(connection_pool_size=1),
        # Without retries one 429 would lose an answer.
        rate_limiter=AIORateLimiter(max_retries=3),
    )


async def _start(bot: ExtBot[int], say: Callable[[str], None]) -> None:
    """Log in, however long Telegram is down; raises TokenRejected."""
    failures = 0
    while True:
        try:
            await bot.initialize()
            # Polling is refused while a webhook is set; what waits there is kept.
            await bot.delete_webhook(drop_pending_updates=False)
            break
        except InvalidToken:
            # The library's message holds the token.
            raise TokenRejected from None
        except TelegramError as error:
            log.warning("login failed: %s", type(error).__name__)
            if failures == 0:
                say(sentence("unreachable"))
            await asyncio.sleep(backoff(failures))
            failures += 1
    for language in ("zh", "en"):
        menu = [BotCommand(name, text) for name, text in commands(language)]
        try:
            # Chinese is also what everyone else sees, so it is set without a language.
            await bot.set_my_commands(menu, language_code=None if language == "zh" else language)
        except TelegramError as error:
            log.warning("the command menu could not be set: %s", type(error).__name__)


async def _close(bot: ExtBot[int]) -> None:
    try:
        await bot.shutdown()
    except Exception as error:
        log.warning("closing failed: %s", type(error).__name__)


def _silence() -> None:
    """Keep the token out of every log: httpx writes whole URLs, and the token is part of each.

    The library's own errors are handled and reported here; it would print them with tracebacks as well.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL)
    # getUpdates is asked for raw on purpose; see Bridge._fetch.
    warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'")
