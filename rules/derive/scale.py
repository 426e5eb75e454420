"""How long, how much, how soon: months, growth, days of stock, days to the campaign."""

from __future__ import annotations

import datetime as dt

from rules.derive.core import Deriver


def time(d: Deriver) -> None:
    """Ages, growth, days of stock, days to the campaign."""
    get, put = d.get, d.put
    months, days, live_days = get("months_operating"), get("days_since_first_live"), get("live_days_30d")
    if months is not None:
        put("months", months, "months_operating")
    elif days is not None:
        put("months", days / 30, "days_since_first_live")
    if days is not None:
        put("age_days", days, "days_since_first_live")
    elif months is not None:
        put("age_days", months * 30, "months_operating")
    elif live_days is not None and live_days >= d.param("pt.over_live_days"):
        put("age_days", 30, "live_days_30d", parameters=("pt.over_live_days",))
    now, before = get("gmv_30d"), get("gmv_prev_30d")
    if now is not None and before:
        put("growth", now / before - 1, "gmv_30d", "gmv_prev_30d")
    stock, units, daily = get("hero_stock_days"), get("hero_stock_units"), get("daily_units")
    if units is not None and daily:
        put("stock_days", units / daily, "hero_stock_units", "daily_units")
    elif stock is not None:
        put("stock_days", stock, "hero_stock_days")
    date = d.facts.get("campaign_date")
    if isinstance(date, str) and (left := (dt.date.fromisoformat(date) - d.today).days) >= 0:
        put("campaign_in_days", left, "campaign_date")
    elif (left_said := get("days_to_campaign")) is not None:
        put("campaign_in_days", left_said, "days_to_campaign")
