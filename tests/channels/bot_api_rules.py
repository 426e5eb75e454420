"""What the Bot API accepts: parameters and types by method, text limits, HTML."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

LIMIT = 4096


class Refused(Exception):
    """An error answer: HTTP status, description, and parameters such as retry_after."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


def bad(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


# By method: parameter -> type, a leading ! for required. "json" is an object or array (or a string of one).
_SEND = {
    "business_connection_id": "str", "chat_id": "!chat", "message_thread_id": "int",
    "disable_notification": "bool",
    "protect_content": "bool", "allow_paid_broadcast": "bool", "message_effect_id": "str",
    "reply_parameters": "json", "reply_markup": "json", "direct_messages_topic_id": "int",
    "suggested_post_parameters": "json",
}  # fmt: skip
_TEXT = {"text": "!str", "parse_mode": "str", "entities": "json", "link_preview_options": "json"}
METHODS: dict[str, dict[str, str]] = {
    "getMe": {},
    "getUpdates": {"offset": "int", "limit": "int", "timeout": "int", "allowed_updates": "json"},
    "sendMessage": _SEND | _TEXT,
    "editMessageText": _TEXT
    | {
        "business_connection_id": "str", "chat_id": "chat", "message_id": "int", "inline_message_id": "str",
        "reply_markup": "json",
    },
    "sendChatAction": {
        "business_connection_id": "str", "chat_id": "!chat", "message_thread_id": "int", "action": "!str",
    },
    "answerCallbackQuery": {
        "callback_query_id": "!str", "text": "str", "show_alert": "bool", "url": "str", "cache_time": "int",
    },
    "setMyCommands": {"commands": "!json", "scope": "json", "language_code": "str"},
    "setWebhook": {
        "url": "!str", "max_connections": "int", "allowed_updates": "json", "drop_pending_updates": "bool",
        "secret_token": "str",
    },
    "deleteWebhook": {"drop_pending_updates": "bool"},
    "logOut": {},
    "close": {},
}  # fmt: skip

ACTIONS = (
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
)  # fmt: skip


def parameters(method: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The call's parameters in their types. Telegram overlooks unknown ones; here they are refused, so that a
    slip in a name shows.
    """
    known = METHODS[method]
    for name in raw:
        if name not in known:
            raise bad(f"{method} has no parameter {name!r}")
    out = {}
    for name, kind in known.items():
        required, kind = kind.startswith("!"), kind.lstrip("!")
        if raw.get(name) is None:
            if required:
                raise bad("message text is empty" if name == "text" else f"parameter {name!r} is required")
            continue
        out[name] = _typed(name, kind, raw[name])
    return out


def _typed(name: str, kind: str, value: Any) -> Any:
    match kind:
        case "str" if isinstance(value, str):
            return value
        case "int" if not isinstance(value, bool) and re.fullmatch(r"-?\d+", str(value)):
            return int(value)
        case "bool" if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        case "chat" if not isinstance(value, bool) and re.fullmatch(r"-?\d+|@\w+", str(value)):
            return str(value)
        case "json":
            if isinstance(value, str):
                try:
                    value = json.loads(value)
                except ValueError:
                    raise bad(f"can't parse {name} JSON object") from None
            if isinstance(value, dict | list):
                return value
    raise bad(f"parameter {name!r} must be {kind}, not {value!r}")


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def checked_text(call: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The text as it will stand in the chat, trimmed as Telegram does, and its entities."""
    mode = call.get("parse_mode")
    if mode and "entities" in call:
        raise bad("parse_mode and entities exclude each other")
    text, entities = call["text"], list(call.get("entities", []))
    if mode == "HTML":
        text, entities = parse_html(text)
    elif mode:
        raise bad("unsupported parse_mode")
    for entity in entities:
        if not (entity["offset"] >= 0 and 0 < entity["length"] <= units(text) - entity["offset"]):
            raise bad("can't parse entities: entity beyond the end of the text")
    if not text.strip():
        raise bad("message text is empty")
    if units(text) > LIMIT:
        raise bad("message is too long")
    return text.strip(), entities


_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "a": "text_link", "blockquote": "blockquote", "tg-spoiler": "spoiler", "span": "spoiler",
}  # fmt: skip


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Telegram's HTML: a closed list of tags, properly nested; anything else is an error."""
    text, at = "", 0
    stack: list[tuple[str, int, dict[str, Any]]] = []
    entities: list[dict[str, Any]] = []
    while at < len(source):
        if source[at] != "<":
            end = source.find("<", at)
            end = len(source) if end < 0 else end
            text += html.unescape(source[at:end])
            at = end
            continue
        offset = len(source[:at].encode())
        match = re.compile(r"<(/?)([a-zA-Z-]*)((?:\s[^<>]*)?)>").match(source, at)
        if not match:
            raise bad(f"can't parse entities: Unsupported start tag at byte offset {offset}")
        closing, tag, attributes = match[1], match[2].lower(), match[3]
        at = match.end()
        if closing:
            if not stack:
                raise bad(f"can't parse entities: Unexpected end tag at byte offset {offset}")
            name, start, extra = stack.pop()
            if tag != name:
                raise bad(
                    f'can\'t parse entities: Unmatched end tag at byte offset {offset}, expected "</{name}>"'
                )
            if units(text) > start:
                entities.append({"type": _TAGS[tag], "offset": start, "length": units(text) - start, **extra})
            continue
        if tag not in _TAGS or (tag == "span" and 'class="tg-spoiler"' not in attributes):
            raise bad(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {offset}')
        link = re.search(r'href="([^"]*)"', attributes)
        stack.append((tag, units(text), {"url": html.unescape(link[1])} if tag == "a" and link else {}))
    if stack:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{stack[-1][0]}\"")
    return text, sorted(entities, key=lambda e: (e["offset"], -e["length"]))
