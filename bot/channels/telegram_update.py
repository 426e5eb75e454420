"""From what Telegram delivers to what the core reads: who, where, which text, and is it meant for us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from telegram import Message, MessageEntity, Update, User

from bot.service.inbox import Letter

# Asked for explicitly: channel posts, reactions, polls and membership changes are nothing an advisor answers.
ALLOWED_UPDATES = ["message", "edited_message"]

# What a person can send besides text. Anything not here (someone joined, a title changed) needs no answer.
_KINDS = (
    "photo", "voice", "sticker", "animation", "document", "video", "video_note", "audio", "venue",
    "location", "contact", "poll", "dice",
)  # fmt: skip


def letter(raw: Mapping[str, Any], me: User) -> Letter | None:
    """The letter in one raw update, or None where there is nothing to answer.

    Raises whatever a malformed update makes the library raise; the caller skips it, since an update that is
    never acknowledged would be delivered for ever.
    """
    update = Update.de_json(dict(raw), None)
    message = update.message or update.edited_message
    if (
        message is None
        or message.from_user is None
        or (message.from_user.is_bot and message.sender_chat is None)
    ):
        return None
    private = message.chat.type == "private"
    if update.edited_message is not None and not (private and message.text):
        # In private a corrected line is a correction of the facts; in a group a late edit is only noise.
        return None
    if message.is_automatic_forward or not (private or _meant_for(message, me)):
        return None
    text = _text(message, me)
    if text is None:
        return None
    return Letter(
        update_id=update.update_id,
        chat=str(message.chat.id),
        user=str(message.from_user.id),
        text=text,
        reply_to=None if private else message.message_id,
    )


def album(raw: Mapping[str, Any]) -> str | None:
    """The album an update belongs to: ten pictures sent at once deserve one sentence, not ten."""
    message = raw.get("message")
    found = message.get("media_group_id") if isinstance(message, Mapping) else None
    return found if isinstance(found, str) else None


def _text(message: Message, me: User) -> str | None:
    if message.text:
        return _without_mention(message.text, me)
    for kind in _KINDS:
        if getattr(message, kind):
            return f"/unsupported {kind}"
    return None


def _meant_for(message: Message, me: User) -> bool:
    """In a group: a command for us, our name, or a reply to what we said."""
    replied = message.reply_to_message
    if replied is not None and replied.from_user is not None and replied.from_user.id == me.id:
        return True
    named = f"@{me.username}".lower()
    found = message.parse_entities() | message.parse_caption_entities()
    for entity, text in found.items():
        if entity.type == MessageEntity.MENTION and text.lower() == named:
            return True
        if entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == me.id:
            return True
        if entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0:
            _, at, whom = text.partition("@")
            return not at or f"@{whom}".lower() == named
    return False


def _without_mention(text: str, me: User) -> str:
    """The line as the core reads it: "/help@our_bot" is "/help"; our name is no part of a question."""
    bare = re.sub(rf"@{re.escape(me.username or '')}(?![A-Za-z0-9_])", "", text, flags=re.IGNORECASE).strip()
    # Someone who sends only our name wants to know what we can do.
    return bare or "/help"
