"""What the stand-in's methods do; the state of its chats and updates."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.channels.bot_api_rules import ACTIONS, Refused, bad, checked_text


@dataclass
class Chat:
    """A chat as its members see it: every message, in order."""

    id: int
    type: str = "private"
    title: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    blocked: bool = False
    migrated_to: int | None = None

    @property
    def info(self) -> dict[str, Any]:
        name = {"first_name": self.title} if self.type == "private" else {"title": self.title}
        return {"id": self.id, "type": self.type, **name}

    @property
    def answers(self) -> list[str]:
        """What the bot wrote."""
        return [m["text"] for m in self.messages if m["from"]["is_bot"]]


class Methods:
    """One bot's chats, its queue of updates, and every method by its name with an underscore before it."""

    me: ClassVar[dict[str, Any]] = {
        "id": 1234567890, "is_bot": True, "first_name": "顾问", "username": "advisor_test_bot",
        "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False,
    }  # fmt: skip

    def __init__(self) -> None:
        self.chats: dict[int, Chat] = {}
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.webhook = ""
        self._updates: list[dict[str, Any]] = []
        self._allowed: list[str] | None = None
        self._next_update, self._next_message = 100, 1
        self._queries: set[str] = set()
        self._poller: asyncio.Future[None] | None = None
        self._news = asyncio.Event()

    def new_message(self, chat: Chat, sender: dict[str, Any], **what: Any) -> dict[str, Any]:
        """Write into a chat."""
        message = {
            "message_id": self._next_message, "date": int(time.time()), "chat": chat.info,
            "from": sender, **what,
        }  # fmt: skip
        self._next_message += 1
        chat.messages.append(message)
        return message

    def _chat(self, call: dict[str, Any]) -> Chat:
        name = call["chat_id"]
        chat = self.chats.get(int(name)) if name.lstrip("-").isdigit() else None
        if chat is None:
            raise bad("chat not found")
        if chat.migrated_to is not None:
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(400, description, migrate_to_chat_id=chat.migrated_to)
        if chat.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return chat

    async def _getMe(self, call: dict[str, Any]) -> dict[str, Any]:
        return self.me

    async def _getUpdates(self, call: dict[str, Any]) -> list[dict[str, Any]]:
        if self.webhook:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        if not 1 <= call.get("limit", 100) <= 100:
            raise bad("limit must be 1-100")
        self._allowed = call.get("allowed_updates", self._allowed) or None
        offset = call.get("offset", 0)
        if offset > 0:
            self._updates = [u for u in self._updates if u["update_id"] >= offset]
        elif offset < 0:
            self._updates = self._updates[offset:]
        loop = asyncio.get_running_loop()
        if self._poller and not self._poller.done():
            self._poller.set_result(None)  # the newer one wins, as at Telegram
        mine = self._poller = loop.create_future()
        end = loop.time() + call.get("timeout", 0)
        while not (found := self._deliverable(call.get("limit", 100))) and loop.time() < end:
            self._news.clear()
            news = asyncio.ensure_future(self._news.wait())
            await asyncio.wait([news, mine], timeout=end - loop.time(), return_when="FIRST_COMPLETED")
            news.cancel()
            if mine.done():
                raise Refused(
                    409, "Conflict: terminated by other getUpdates request; make sure that only one bot"
                )
        mine.cancel()
        return found

    def _deliverable(self, limit: int) -> list[dict[str, Any]]:
        if self._allowed is not None:
            self._updates = [u for u in self._updates if u.keys() & set(self._allowed)]
        return self._updates[:limit]

    async def _sendMessage(self, call: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(call)
        text, entities = checked_text(call)
        extra: dict[str, Any] = {"entities": entities} if entities else {}
        quoted = call.get("reply_parameters", {}).get("message_id")
        if quoted is not None:
            original = next((m for m in chat.messages if m["message_id"] == quoted), None)
            if original is not None:
                extra["reply_to_message"] = {k: v for k, v in original.items() if k != "reply_to_message"}
            elif not call["reply_parameters"].get("allow_sending_without_reply"):
                raise bad("message to be replied not found")
        if "reply_markup" in call:
            for button in (b for row in call["reply_markup"].get("inline_keyboard", []) for b in row):
                if not 1 <= len(button.get("callback_data", "x").encode()) <= 64:
                    raise bad("BUTTON_DATA_INVALID")
            extra["reply_markup"] = call["reply_markup"]
        return self.new_message(chat, self.me, text=text, **extra)

    async def _editMessageText(self, call: dict[str, Any]) -> dict[str, Any]:
        if "chat_id" not in call or "message_id" not in call:
            raise bad("message identifier is not specified")
        chat = self._chat(call)
        message = next((m for m in chat.messages if m["message_id"] == call["message_id"]), None)
        if message is None:
            raise bad("message to edit not found")
        if not message["from"]["is_bot"]:
            raise bad("message can't be edited")
        text, entities = checked_text(call)
        markup = call.get("reply_markup")
        if (text, entities, markup) == (
            message["text"],
            message.get("entities", []),
            message.get("reply_markup"),
        ):
            raise bad(
                "message is not modified: specified new message content and reply markup are exactly the same"
            )
        message.update(text=text, entities=entities, reply_markup=markup, edit_date=int(time.time()))
        return {k: v for k, v in message.items() if v}

    async def _sendChatAction(self, call: dict[str, Any]) -> bool:
        if call["action"] not in ACTIONS:
            raise bad("wrong parameter action in request")
        self._chat(call).actions.append(call["action"])
        return True

    async def _answerCallbackQuery(self, call: dict[str, Any]) -> bool:
        if call["callback_query_id"] not in self._queries:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self._queries.remove(call["callback_query_id"])
        return True

    def new_query(self) -> str:
        """The id of a tap that waits for its one answer."""
        name = f"{self.me['id']}{len(self._queries)}-{time.monotonic_ns()}"
        self._queries.add(name)
        return name

    async def _setMyCommands(self, call: dict[str, Any]) -> bool:
        for command in call["commands"]:
            name, text = command["command"], command["description"]
            if not (
                name.isascii() and name == name.lower() and 1 <= len(name) <= 32 and 1 <= len(text) <= 256
            ):
                raise bad("BOT_COMMAND_INVALID")
        self.commands[call.get("language_code", "")] = call["commands"]
        return True

    async def _setWebhook(self, call: dict[str, Any]) -> bool:
        self.webhook = call["url"]
        return True

    async def _deleteWebhook(self, call: dict[str, Any]) -> bool:
        self.webhook = ""
        if call.get("drop_pending_updates"):
            self._updates.clear()
        return True
