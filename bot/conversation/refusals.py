"""What of a message lies outside: a forbidden practice, another trade, an insult (`data/refusals.yaml`)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from bot.conversation.text import data


@functools.cache
def _refusals() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str], bool], ...]:
    return tuple(
        (
            e["kind"],
            re.compile("|".join(e["cues"])),
            re.compile("|".join(e["unless"]) or "(?!)"),
            e["over_field"],
        )
        for e in data("refusals")["kinds"]
    )


@functools.cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(data("refusals")[name])


def asks(rest: str) -> bool:
    """Whether what is left beside a forbidden practice asks something of its own."""
    return bool(_pattern("asks").search(rest))


def outside(text: str, cued: Callable[[str], bool]) -> tuple[list[str], str]:
    """The kinds of refusal met in a normalised message, and the message without the parts that met them.

    `cued` tells whether a part speaks of the field.
    """
    kinds: list[str] = []
    rest: list[str] = []
    for part in _pattern("breaks").split(text):
        kind = next(
            (
                k
                for k, cue, unless, over_field in _refusals()
                if cue.search(part) and not unless.search(part) and (over_field or not cued(part))
            ),
            None,
        )
        if kind is None and not (kinds and _pattern("bare").fullmatch(part.strip())):
            rest.append(part)
        elif kind is None:
            continue
        else:
            kinds.append(kind)
    # An instruction or a request may run over commas.
    for kind, cue, unless, over_field in _refusals():
        if over_field and not kinds and cue.search(text) and not unless.search(text):
            kinds.append(kind)
            rest = []
    return list(dict.fromkeys(kinds)), " ".join(rest).strip()
