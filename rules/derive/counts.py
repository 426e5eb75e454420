"""Rates from counts: what people read off an evening, put under the name of the rate (contract, Facts).

A count comes first only where its two parts were given; a rate that is impossible from them is not made.
"""

from __future__ import annotations

from rules.derive.core import Deriver

#: rate ← part ÷ whole, the first pair that is known; the last field says on what assumption it rests
_RATES: tuple[tuple[str, str, str, str | None], ...] = (
    ("click_rate", "product_clicks", "product_exposures", None),
    ("click_rate", "product_clicks", "uv_session", "denominator"),
    ("click_rate", "product_clicks", "views_session", "denominator"),
    ("cvr_click", "session_orders", "product_clicks", None),
    ("cvr_view", "session_buyers", "uv_session", None),
    ("cvr_view", "session_buyers", "views_session", "denominator"),
    ("cvr_view", "session_orders", "uv_session", "denominator"),
    ("cvr_view", "session_orders", "views_session", "denominator"),
    ("pay_rate", "orders_paid", "orders_placed", None),
    ("interact_rate", "session_interactions", "uv_session", None),
    ("interact_rate", "session_interactions", "views_session", "denominator"),
    ("follow_rate", "session_followers", "uv_session", None),
    ("follow_rate", "session_followers", "views_session", "denominator"),
    ("refund_rate", "refunded_gmv", "paid_gmv", None),
    ("refund_rate", "refunded_gmv", "gmv_30d", None),
    ("refund_rate", "refund_orders", "session_orders", "denominator"),
    ("refund_rate", "refund_orders", "ad_orders", "denominator"),
)


def counts(d: Deriver) -> None:
    """Rates and prices from the counts of one session or one month."""
    get, put = d.get, d.put
    made: set[str] = set()
    for rate, part, whole, assumes in _RATES:
        few, many = get(part), get(whole)
        if rate in made or few is None or not many or few > many:
            continue
        made.add(rate)
        put(rate, few / many, part, whole, shaky=assumes)
    entered, shown = get("views_session"), get("impressions")
    if get("entry_rate") is None and entered is not None and shown and entered <= shown:
        put("entry_rate", entered / shown, "views_session", "impressions")
    sold, orders = get("session_gmv"), get("session_orders")
    if sold is None:
        return
    if get("aov") is None and orders and sold >= orders:
        put("aov", sold / orders, "session_gmv", "session_orders")
    if views := get("views_session"):
        put("gpm", sold / views * 1000, "session_gmv", "views_session")
    if people := get("uv_session"):
        put("uv_value", sold / people, "session_gmv", "uv_session")
