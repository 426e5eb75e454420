"""What of the base is known before the first session (D2)."""

from __future__ import annotations

from rules.derive.core import Deriver

#: the inputs of D2 and what else its rules read; any of them known gives a readiness (§24)
_ENTRY = (
    "has_licence",
    "brand_authorised",
    "category_qualified",
    "deposit_paid",
    "account_bound",
    "persona_set",
    "target_user_defined",
    "goods_count",
    "supply_capacity",
    "has_host",
    "can_make_video",
    "team",
    "live_hours_per_day",
    "videos_per_week",
    "budget_total",
    "goal",
    "shop_score",
    "goods_price_only",
)


def readiness(d: Deriver) -> None:
    """How many entry conditions are known, and how many team functions are covered."""
    known = [n for n in _ENTRY if n in d.facts]
    d.put("entry_facts", len(known), *known)
    if isinstance(team := d.facts.get("team"), list):
        d.put("team_functions", len(team), "team")
