"""A message's readings into the session: the latest statement wins, and what it overwrote is told (GR-04)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.conversation.understand import Understanding
from bot.models import Known, Session


@dataclass(slots=True)
class Changes:
    """What a message did to the session: values overwritten, facts withdrawn, facts new."""

    overwritten: list[dict[str, Any]] = field(default_factory=list)
    retracted: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


#: a pair of which one is inferred from the other, so that a new statement of the one withdraws the other
_INFERRED = {"days_since_first_live": ("live_days_30d", "live_days_from_age")}


def merge(session: Session, message: Understanding) -> Changes:
    """Enter the readings into the session, in place."""
    changes = Changes()
    for name in message.retracted:
        if session.facts.pop(name, None) is not None:
            changes.retracted.append(name)
    said = {r.fact for r in message.readings}
    for source, (target, code) in _INFERRED.items():
        held = session.facts.get(target)
        if source in said and target not in said and held is not None and held.assumed == code:
            del session.facts[target]
    for reading in message.readings:
        old = session.facts.get(reading.fact)
        if old is not None and old.value == reading.value:
            session.facts[reading.fact] = Known(value=reading.value, assumed=reading.assumed)
            continue
        if old is not None:
            changes.overwritten.append({"fact": reading.fact, "from": old.value, "to": reading.value})
        else:
            changes.added.append(reading.fact)
        session.facts[reading.fact] = Known(value=reading.value, assumed=reading.assumed)
    if message.role and message.role != "support":  # who forwards a client's question may ask his own next
        session.role = message.role
    session.language = "en" if message.language == "en" else "zh"
    return changes
