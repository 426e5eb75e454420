"""What a conversation has that rules and handbook do not: the session, and the answer as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rules.facts import Value

Basis = dict[str, str]


class Known(BaseModel):
    """One fact of a session: its value, and the code of the assumption it rests on."""

    model_config = ConfigDict(extra="forbid")
    value: Value
    assumed: str | None = None


class Session(BaseModel):
    """What one conversation remembers. `asked` are the facts of the last turn's questions."""

    model_config = ConfigDict(extra="forbid")
    facts: dict[str, Known] = {}
    role: str = "merchant"
    language: Literal["zh", "en"] = "zh"
    intents: list[str] = []
    asked: list[str] = []
    ever_asked: list[str] = []

    def values(self) -> dict[str, Value]:
        return {n: k.value for n, k in self.facts.items()}

    def assumed(self) -> dict[str, str]:
        return {n: k.assumed for n, k in self.facts.items() if k.assumed}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the answer's text and what it rests on: rule, passage, fact, parameter or wording."""

    text: str
    basis: Basis


@dataclass
class Answer:
    """Everything one turn comes to; `as_json` gives the contract's keys."""

    session: str
    language: str
    role: str
    intents: list[str]
    facts: dict[str, Value]
    parts: list[Part] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    derived: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, Any] = field(default_factory=dict)
    provisional: list[str] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)
    defaults: list[dict[str, Any]] = field(default_factory=list)
    refused: str | None = None
    version: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(p.text for p in self.parts)

    def as_json(self) -> dict[str, Any]:
        return {
            "session": self.session,
            "language": self.language,
            "role": self.role,
            "intent": self.intents[0],
            "intents": self.intents,
            "facts": self.facts,
            "rejected": self.rejected,
            "changed": self.changed,
            "derived": self.derived,
            "reasons": self.reasons,
            "decisions": self.decisions,
            "provisional": self.provisional,
            "steps": self.steps,
            "questions": self.questions,
            "citations": self.citations,
            "defaults": self.defaults,
            "parts": [{"text": p.text, "basis": p.basis} for p in self.parts],
            "refused": self.refused,
            "version": self.version,
            "text": self.text,
        }
