"""A client written by others meets the stand-in as it would meet Telegram. Argument: the root URL.

Its methods and answers are pydantic models, so an answer of the wrong shape fails. Prints "ok" at the end.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from tests.channels.bot_api import TOKEN


def client(url: str, token: str = TOKEN) -> Bot:
    return Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url)))


async def refused(work: Awaitable[object], kind: type[TelegramAPIError], text: str) -> None:
    with pytest.raises(kind, match=text):
        await work


async def main(url: str) -> None:
    bot, dispatcher = client(url), Dispatcher()
    me = await bot.get_me()
    assert me.is_bot
    assert me.username
    await bot.set_my_commands([BotCommand(command="start", description="开始")])

    @dispatcher.message()
    async def on_message(message: Message) -> None:
        if message.photo:
            await message.answer("一张图")
            return
        assert message.text
        if message.text != "结束":
            await message.answer(message.text)
            return
        long = message.answer("好" * 4097)
        await refused(long, TelegramBadRequest, "message is too long")
        await message.answer("😀" * 2048)
        await refused(message.answer("😀" * 2049), TelegramBadRequest, "message is too long")
        await refused(message.answer(" \n"), TelegramBadRequest, "message text is empty")
        await refused(
            message.answer("<b>一<i>二</b>", parse_mode="HTML"), TelegramBadRequest, "can't parse entities"
        )
        await refused(message.answer("1 < 2", parse_mode="HTML"), TelegramBadRequest, "can't parse entities")
        await refused(bot.send_message(404, "谁"), TelegramBadRequest, "chat not found")
        sent = await message.answer(
            "<b>粗😀</b> &lt; <a href='x'>链</a>".replace("'", '"'), parse_mode="HTML"
        )
        assert sent.text == "粗😀 < 链"
        assert [(e.type, e.offset, e.length) for e in sent.entities or []] == [
            ("bold", 0, 3),
            ("text_link", 6, 1),
        ]
        await sent.edit_text("改了")
        await refused(sent.edit_text("改了"), TelegramBadRequest, "message is not modified")
        quoting = await message.reply("引用")
        assert quoting.reply_to_message
        assert quoting.reply_to_message.text == "结束"
        await bot.send_chat_action(message.chat.id, "typing")
        button = InlineKeyboardButton(text="有用", callback_data="up")
        await message.answer("按一下", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))

    @dispatcher.callback_query()
    async def on_tap(query: CallbackQuery) -> None:
        await query.answer("谢谢")
        await refused(query.answer("谢谢"), TelegramBadRequest, "query is too old")
        assert isinstance(query.message, Message)
        # Once more: the person's side orders a rate limit for this one.
        await refused(query.message.answer("太快"), TelegramRetryAfter, "retry")
        await dispatcher.stop_polling()

    await dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False)

    first = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.2)
    await bot.get_updates(timeout=0)
    await refused(first, TelegramConflictError, "terminated by other getUpdates")
    await bot.set_webhook("https://example.org/hook")
    await refused(bot.get_updates(), TelegramConflictError, "webhook is active")
    await bot.delete_webhook()
    await refused(bot.get_chat(1000), TelegramNotFound, "method not found")
    other = client(url, "1234567890:" + "x" * 35)
    await refused(other.get_me(), TelegramUnauthorizedError, "Unauthorized")
    await other.session.close()
    await bot.session.close()
    print("ok")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
