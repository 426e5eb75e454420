"""What a turn is about: which conclusions answer the intent, and what to ask. The lists are data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict

from bot.conversation.text import data
from bot.models import Session
from rules import result
from rules.evaluate import Evaluation
from rules.explore import waiting
from rules.model import RuleBase


class Focus(BaseModel):
    """What an answer to one intent is about (data/focus.yaml)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    decisions: list[str] = []
    verdict: list[str] = []
    state: list[str] = []
    sums: list[str] = []
    lead: list[str] = []
    ask: list[str] = []
    fallback: list[tuple[str, str]] = []
    read: list[str] = []
    only_with: dict[str, str] = {}
    complaint: bool = False
    plan: bool = False


@cache
def focuses() -> dict[str, Focus]:
    """Every focus by intent. Raises `ValueError` where the data is broken (a defect, found by the tests)."""
    return {intent: Focus.model_validate(entry) for intent, entry in data("focus").items()}


@cache
def wording() -> dict[str, dict[str, str]]:
    """The bot's own sentences by code, in Chinese and English."""
    return {str(code): dict(texts) for code, texts in data("wording").items()}


def joined(intents: Iterable[str]) -> Focus:
    """The focus of several intents: the lists one after the other, each entry once."""
    chosen = [focus for intent in intents if (focus := focuses().get(intent))]
    names = [n for n in Focus.model_fields if n not in {"only_with", "complaint", "plan"}]
    lists = {name: list(dict.fromkeys(x for f in chosen for x in getattr(f, name))) for name in names}
    only: dict[str, str] = {}
    for focus in reversed(chosen):
        only |= focus.only_with
        for key in focus.verdict:
            if key not in focus.only_with:
                only.pop(key, None)
    complaint = bool(chosen) and chosen[0].complaint
    return Focus(**lists, only_with=only, complaint=complaint, plan=any(f.plan for f in chosen))


#: the fact that would settle a provisional conclusion, by the reason why it is provisional
SETTLES = {
    "period_month": "budget_period_days",
    "period_day": "budget_period_days",
    "without_gmv_30d": "gmv_30d",
    "generic_row": "category",
    "fulfilment_unknown": "fulfilment_cost_per_order",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One fact to ask for, and its standing sentence parts."""

    fact: str
    text: str
    why: str
    where: str | None

    def as_json(self) -> dict[str, str]:
        return {"fact": self.fact, "text": self.text, "why": self.why}


def questions(
    base: RuleBase, evaluation: Evaluation, focus: Focus, session: Session, most: int = 3
) -> list[Question]:
    """At most `most` questions, the most valuable first, none that was asked before.

    First what would settle the verdict's assumption, then the intent's own list; a fact is asked only if a
    rule waits for it or a default stands in for it.
    """
    waits = waiting(evaluation)
    used = set(result.used_parameters(evaluation, base))
    stand_ins = {p.stands_for for n, p in base.parameters.all.items() if n in used and p.stands_for}
    reasons = [evaluation.shaky.get(k) for k in focus.verdict]
    unsettled = [*reasons, *evaluation.derived.shaky.values()]
    period = [SETTLES["period_month"]] if {"period_month", "period_day"} & set(unsettled) else []
    settle = [SETTLES[r] for r in reasons if r in SETTLES]
    decided = any(c.rules for k in focus.verdict if (c := evaluation.conclusions.get(k)))
    keys = [] if decided else [base.keys[k] for k in [*focus.verdict, *focus.state]]
    undecided = [k.needs for k in keys if evaluation.value(k.name) == k.otherwise]
    order = [*(n for n in undecided if n), *period, *focus.ask, *settle]
    language = session.language
    out: list[Question] = []
    for name in dict.fromkeys(order):
        fact = base.facts[name]
        open_ = not evaluation.facts or name in waits or name in stand_ins or name in period or name in settle
        if name in evaluation.facts or name in session.ever_asked or not fact.ask or not open_:
            continue
        if any(fact_ == name and n in evaluation.derived.values for n, fact_ in result.REPLACES.items()):
            continue
        zh = language == "zh"
        out.append(
            Question(
                name,
                fact.ask if zh else fact.ask_en or "",
                (fact.why if zh else fact.why_en) or "",
                fact.where,
            )
        )
    return out[:most]
