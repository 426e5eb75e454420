"""Budget and ad spend per day, and whether traffic is paid for (D4)."""

from __future__ import annotations

from rules.derive.core import Deriver

_PLAN = (
    "ad_roi_pay",
    "ad_roi_net",
    "ad_plan_age_days",
    "ad_conversions",
    "ad_product",
    "ad_orders",
    "ad_gmv",
    "ad_spend_trend_7d",
)


def ads(d: Deriver) -> None:
    """Spend per day, budget per 30 days, free share, and `paid`."""
    get, put, facts = d.get, d.put, d.facts
    budget, period = get("budget_total"), get("budget_period_days")
    daily = get("ad_spend_per_day")
    if budget is not None and period:
        put("budget_30d", budget * 30 / period, "budget_total", "budget_period_days")
    elif budget is not None:
        monthly = budget >= d.param("fa.period_from")
        line, read_as = ("fa.period_from",), "period_month" if monthly else "period_day"
        month = budget if monthly else budget * 30
        put("budget_30d", month, "budget_total", parameters=line, shaky=read_as)
        if not monthly and daily is None:
            put("spend_per_day", budget, "budget_total", parameters=line, shaky=read_as)
    if daily is not None:
        put("spend_per_day", daily, "ad_spend_per_day")
    spend = get("spend_per_day")
    if spend:
        put("spend_cut_to", spend * d.param("pt.cut"), "spend_per_day", parameters=("pt.cut",))
        put(
            "spend_raise_to",
            spend * (1 + d.param("pt.step")),
            "spend_per_day",
            parameters=("pt.step",),
        )
    spent, target = get("ad_spend_total"), get("ad_target_cost")
    got = next((n for n in ("ad_conversions", "ad_orders") if get(n)), None)
    if spent is not None and target and got:
        put("ad_cost_ratio", spent / (get(got) or 1) / target, "ad_spend_total", got, "ad_target_cost")
    share = get("paid_share")
    if share is not None:
        put("free_share", 1 - share, "paid_share")
        if (before := get("paid_share_7d_ago")) is not None:
            put("free_share_drop", share - before, "paid_share", "paid_share_7d_ago")
    amounts = [
        n for n in ("spend_per_day", "ad_spend_30d", "ad_spend_total", "paid_share") if get(n) is not None
    ]
    plan = [n for n in _PLAN if n in facts]
    said = [n for n in amounts if n != "spend_per_day"]
    if positive := [n for n in amounts if (get(n) or 0) > 0]:
        put("paid", True, positive[0])
    elif said:
        put("paid", False, said[0])
    elif amounts:  # a day without spend only implies it (decisions §24)
        put("paid", False, "spend_per_day", shaky="implied")
    elif plan:
        put("paid", True, plan[0])
