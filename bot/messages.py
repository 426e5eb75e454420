"""What comes from a person and what goes back: neutral of any channel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message from a person.

    `chat` names the conversation (its memory), `user` who wrote, `key` is unique per message, so that a
    redelivered message can be recognised.
    """

    channel: str
    chat: str
    user: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer as a person reads it: plain text, lines separated by newlines, no markup."""

    text: str
