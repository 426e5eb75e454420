"""What every channel and the core agree on; a channel owns formatting, splitting, limits and retries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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


class Core(Protocol):
    """The one entry a channel calls. Safe to call from a worker thread; never raises for what a person typed.

    Commands (`/start`, `/help`, `/forget`) arrive as ordinary text and are answered here, so that their
    sentences live in wording data and every channel behaves alike.
    """

    def reply(self, message: Inbound) -> Reply: ...
