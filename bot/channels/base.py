"""What every channel and the core agree on; a channel owns formatting, splitting, limits and retries."""

from __future__ import annotations

from typing import Protocol

from bot.messages import Inbound, Reply

__all__ = ["Core", "Inbound", "Reply"]


class Core(Protocol):
    """The one entry a channel calls. Safe to call from a worker thread; never raises for what a person typed.

    Commands (`/start`, `/help`, `/forget`) arrive as ordinary text and are answered here, so that their
    sentences live in wording data and every channel behaves alike.
    """

    def reply(self, message: Inbound) -> Reply: ...
