"""A campaign before and after: what it has to stock, and what it left (D13, D14)."""

from __future__ import annotations

from rules.derive.core import Deriver, Number


def campaign(d: Deriver) -> None:
    """Stock until and at the campaign, then the review."""
    stock(d)
    review(d)


def stock(d: Deriver) -> None:
    """Units sold until the campaign and at it, and what is missing of them."""
    get, put = d.get, d.put
    left, days = get("campaign_in_days"), get("stock_days")
    if left is not None and days is not None:
        put("stock_over_days", days - left, "stock_days", "campaign_in_days")
    daily, have = get("daily_units"), get("hero_stock_units")
    if daily is not None and have is not None:
        put("restock_units", max(daily * d.param("gm.stock_days") - have, 0), "daily_units",
            "hero_stock_units", parameters=("gm.stock_days",))  # fmt: skip
    target, price, lift = get("gmv_target"), get("aov"), get("campaign_lift")
    if target is not None and price:
        put("campaign_units", target / price, "gmv_target", "aov")
    elif lift is not None and daily is not None:
        put("campaign_units", daily * lift, "daily_units", "campaign_lift")
    sold = get("campaign_units")
    if sold is None:
        return
    before = daily * left if daily is not None and left is not None else None
    uses = ("campaign_units", *(("daily_units", "campaign_in_days") if before is not None else ()))
    put("campaign_stock_needed", sold * d.param("tk.stock") + (before or 0), *uses, parameters=("tk.stock",))
    needed = get("campaign_stock_needed")
    if have is not None and needed is not None:
        put("campaign_stock_short", max(needed - have, 0), "campaign_stock_needed", "hero_stock_units")


def review(d: Deriver) -> None:
    """ROI now and after 90 days against the net break-even, profit, sales and audience against plan."""
    get, put = d.get, d.put
    sold, cost, refund = get("campaign_gmv"), get("campaign_cost"), get("refund_rate")
    target, gained, planned = get("gmv_target"), get("new_followers"), get("new_followers_target")
    if sold is not None and target:
        put("sales_result", sold / target, "campaign_gmv", "gmv_target")
    if gained is not None and planned is not None:
        put("followers_over_plan", gained - planned, "new_followers", "new_followers_target")
    shown, meant = get("campaign_impressions"), get("campaign_impressions_target")
    if shown is not None and meant:
        put("reach_result", shown / meant, "campaign_impressions", "campaign_impressions_target")
    expected = get("refund_rate_expected")
    if refund is not None and expected is not None:
        put("refund_over_expected", refund - expected, "refund_rate", "refund_rate_expected")
    if sold is None or refund is None:
        return
    net = sold * (1 - refund)
    put("campaign_net_gmv", net, "campaign_gmv", "refund_rate")
    later = get("repurchase_gmv_90d")
    if cost:
        put("roi_short", net / cost, "campaign_net_gmv", "campaign_cost")
        cover(d, "campaign_cover", "roi_short")
        if later is not None:
            net_later = later * (1 - refund)  # CR-05: the repurchase counts net, too
            put(
                "roi_long",
                (net + net_later) / cost,
                "campaign_net_gmv",
                "repurchase_gmv_90d",
                "campaign_cost",
            )
            cover(d, "campaign_cover_long", "roi_long")
    margin = get("margin")
    if margin is None or cost is None:
        return
    c, fees = d.fees()
    kept = margin - c
    profit = net * kept - cost
    put("campaign_profit", profit, "campaign_net_gmv", "margin", *fees, "campaign_cost")
    if profit < 0 and kept > 1e-9:
        put("repurchase_needed", -profit / kept, "campaign_profit", "margin", *fees)


def cover(d: Deriver, name: str, roi: str) -> None:
    """ROI ÷ net break-even; 0 where nothing breaks even, as for `roi_ratio`."""
    have: Number | None = d.get(roi)
    if "roi_break_even_net" in d.out.null:
        d.put(name, 0, roi, *d.out.facts["roi_break_even_net"])
    elif have is not None and (line := d.get("roi_break_even_net")):
        d.put(name, have / line, roi, "roi_break_even_net")
