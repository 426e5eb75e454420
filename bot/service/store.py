"""Conversations: what a store does, and the one that lasts as long as the process."""

from __future__ import annotations

from typing import Protocol

from bot.models import Session


class Store(Protocol):
    """Sessions by name."""

    def get(self, name: str) -> Session: ...
    def put(self, name: str, session: Session) -> None: ...
    def forget(self, name: str) -> None: ...


class MemoryStore:
    """Sessions for the life of the process."""

    def __init__(self) -> None:
        self._sessions: dict[str, str] = {}

    def get(self, name: str) -> Session:
        held = self._sessions.get(name)
        return Session.model_validate_json(held) if held else Session()

    def put(self, name: str, session: Session) -> None:
        self._sessions[name] = session.model_dump_json()

    def forget(self, name: str) -> None:
        self._sessions.pop(name, None)
