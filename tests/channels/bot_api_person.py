"""Someone with the app in hand: what a person can do to a bot."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.channels.bot_api_methods import Chat

if TYPE_CHECKING:
    from tests.channels.bot_api import BotApi


@dataclass
class Person:
    """Someone with the app in hand."""

    api: BotApi
    user: dict[str, Any]
    chat: Chat

    def in_chat(self, chat: Chat) -> Person:
        """The same person, speaking in a group."""
        return Person(self.api, self.user, chat)

    @property
    def answers(self) -> list[str]:
        """What the bot wrote in this chat."""
        return self.chat.answers

    def say(self, text: str, reply_to: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send text; commands and mentions get their entities as in the app."""
        entities = []
        for word in text.split():
            at = text.index(word)
            offset, length = len(text[:at].encode("utf-16-le")) // 2, len(word.encode("utf-16-le")) // 2
            if word.startswith("/"):
                entities.append({"type": "bot_command", "offset": offset, "length": length})
            elif word.startswith("@"):
                entities.append({"type": "mention", "offset": offset, "length": length})
        extra: dict[str, Any] = {"entities": entities} if entities else {}
        if reply_to:
            extra["reply_to_message"] = reply_to
        return self.send(text=text, **extra)

    def send(self, **what: Any) -> dict[str, Any]:
        """Send any message."""
        message = self.api.new_message(self.chat, self.user, **what)
        self.api.update(message=message)
        return message

    def photo(self, **what: Any) -> dict[str, Any]:
        """Send a picture."""
        size = {"file_id": "p1", "file_unique_id": "u1", "width": 90, "height": 90}
        return self.send(photo=[size], **what)

    def sticker(self) -> dict[str, Any]:
        """Send a sticker."""
        return self.send(
            sticker={
                "file_id": "s1", "file_unique_id": "u2", "type": "regular", "width": 512, "height": 512,
                "is_animated": False, "is_video": False,
            }
        )  # fmt: skip

    def voice(self) -> dict[str, Any]:
        """Send a voice message."""
        return self.send(voice={"file_id": "v1", "file_unique_id": "u3", "duration": 3})

    def document(self) -> dict[str, Any]:
        """Send a file."""
        return self.send(document={"file_id": "d1", "file_unique_id": "u4", "file_name": "客户.xlsx"})

    def edit(self, message: dict[str, Any], text: str) -> None:
        """Correct a message."""
        message.update(text=text, edit_date=int(time.time()))
        self.api.update(edited_message=message)

    def tap(self, message: dict[str, Any], data: str) -> str:
        """Tap a button under a message; returns the query's id."""
        query = self.api.new_query()
        self.api.update(
            callback_query={
                "id": query, "from": self.user, "message": message, "data": data, "chat_instance": "1",
            }
        )  # fmt: skip
        return query
