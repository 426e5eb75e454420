"""A client as a service provider sees him: spend, small or not, and the provider's own account (D17)."""

from __future__ import annotations

from rules.derive.core import Deriver


def provider(d: Deriver) -> None:
    """Spend a day, budget of 30 days, distance to the service gate; fee, cost and what is left."""
    get, put = d.get, d.put
    day, month = get("ad_spend_per_day"), get("ad_spend_30d")
    if day is not None:
        put("client_spend_per_day", day, "ad_spend_per_day")
    elif month is not None:
        put("client_spend_per_day", month / 30, "ad_spend_30d")
    budget, spend = get("budget_30d"), get("client_spend_per_day")
    if budget is not None:
        put("client_budget_30d", budget, "budget_30d")
    elif spend is not None:
        put("client_budget_30d", spend * 30, "client_spend_per_day")
    if (score := get("shop_score")) is not None:
        put("score_over_gate", score - d.param("svc.score_gate"), "shop_score",
            parameters=("svc.score_gate",))  # fmt: skip
    fee(d)


def fee(d: Deriver) -> None:
    """What a provider earns with one client a month: retainer and a share of the GMV that stays."""
    get, put = d.get, d.put
    retainer, share, cost = get("service_retainer"), get("service_share_rate"), get("service_cost_30d")
    sold, refund = get("gmv_30d"), get("refund_rate")
    if retainer is None and share is None:
        return
    if share:
        income = None if sold is None else (retainer or 0) + share * sold * (1 - (refund or 0))
    else:
        income = retainer if retainer is not None else 0
    if income is not None:
        put("service_income_30d", income, "service_retainer", "service_share_rate", "gmv_30d", "refund_rate")
        if cost is not None:
            put("service_profit_30d", income - cost, "service_income_30d", "service_cost_30d")
    kept = (share or 0) * (1 - (refund or 0))
    if cost is not None and kept > 1e-9:
        put("service_break_even_gmv", max(cost - (retainer or 0), 0) / kept, "service_cost_30d",
            "service_retainer", "service_share_rate", "refund_rate")  # fmt: skip
