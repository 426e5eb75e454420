"""Break-even, ROI, profit and the pause line (§0)."""

from __future__ import annotations

from rules.derive.core import Deriver, Number


def money(d: Deriver) -> None:
    """Margin, break-even, ROI, profit of 30 days."""
    get, put = d.get, d.put
    aov, cost, fulfil = get("aov"), get("unit_cost"), get("fulfilment_cost_per_order")
    if aov and cost is not None:
        put("margin", (aov - cost - (fulfil or 0)) / aov, "aov", "unit_cost", "fulfilment_cost_per_order",
            shaky=None if fulfil is not None else "fulfilment_unknown")  # fmt: skip
    elif (stated := get("gross_margin")) is not None:
        put("margin", stated, "gross_margin")
    spend, gmv, orders = get("ad_spend_total"), get("ad_gmv"), get("ad_orders")
    if spend and gmv is not None:
        put("roi_pay", gmv / spend, "ad_gmv", "ad_spend_total")
    elif spend and orders is not None and aov:
        put("roi_pay", orders * aov / spend, "ad_orders", "aov", "ad_spend_total")
    elif (stated := get("ad_roi_pay")) is not None:
        put("roi_pay", stated, "ad_roi_pay")
    margin, refund = get("margin"), get("refund_rate")
    c, fees = d.fees()
    if margin is not None and refund is not None:
        earned = d.kept(margin, refund, c)
        uses = ("margin", "refund_rate", *fees, "return_cost_share")
        inverse(d, "roi_break_even_pay", earned, 1, uses)
        inverse(d, "roi_break_even_net", earned, 1 - refund, uses)
        if "platform_fee_rate" not in d.facts:
            with_fee(d, earned - (1 - refund) * d.param("money.platform_fee"), uses)
        if (sold := get("gmv_30d")) is not None:
            spent, of = spend_30d(d)
            fixed = get("monthly_fixed_cost") or 0
            put("kept_30d", sold * earned, "gmv_30d", *uses)
            if of:
                put("ad_cost_30d", spent, *of)
            put("profit_30d", sold * earned - spent - fixed, "gmv_30d", *uses, *of, "monthly_fixed_cost")
        if roi := get("roi_pay"):
            put("ad_result_per_100", 100 * (earned - 1 / roi), *uses, "roi_pay")
    elif margin is not None and not get("return_cost_share"):
        inverse(d, "roi_break_even_net", margin - c, 1, ("margin", *fees))
    if spend is not None and orders:
        put("cost_per_order", spend / orders, "ad_spend_total", "ad_orders")
    roi_ratio(d)
    roi_at_best(d, margin, refund)
    if refund is not None:
        line, used, parameters, shaky = d.bench("refund_alert")
        put("refund_ratio", refund / line, "refund_rate", *used, parameters=parameters, shaky=shaky)
    pause(d)


def with_fee(d: Deriver, earned: float, uses: tuple[str, ...]) -> None:
    """What the break-even would be with the default fee, shown beside the one without a fee."""
    if earned > 1e-9:
        d.put("break_even_with_fee", 1 / earned, *uses, parameters=("money.platform_fee",))


def inverse(d: Deriver, name: str, denominator: float, numerator: float, uses: tuple[str, ...]) -> None:
    """numerator ÷ denominator, or null where no ROI covers the loss on each order."""
    if denominator > 1e-9:
        d.put(name, numerator / denominator, *uses)
    else:
        d.out.null[name] = "no_break_even"
        d.out.facts[name] = tuple(f for u in uses for f in d.out.facts.get(u, (u,) if u in d.facts else ()))


def spend_30d(d: Deriver) -> tuple[Number, tuple[str, ...]]:
    """Ad spend of 30 days in yuan, and the facts it was read from."""
    if (month := d.get("ad_spend_30d")) is not None:
        return month, ("ad_spend_30d",)
    if (day := d.get("spend_per_day")) is not None:
        return day * 30, ("spend_per_day",)
    if (spent := d.get("ad_spend_total")) is not None:
        return spent, ("ad_spend_total",)
    return 0, ()


def roi_ratio(d: Deriver) -> None:
    """Net ROI (PT-19), and ROI ÷ break-even of the paid ROI, else of the net; 0 where nothing breaks even."""
    paid, refund = d.get("roi_pay"), d.get("refund_rate")
    if (net := d.get("ad_roi_net")) is not None:
        d.put("roi_net", net, "ad_roi_net")
    elif paid is not None and refund is not None:
        d.put("roi_net", paid * (1 - refund), "roi_pay", "refund_rate")
    for roi, line in (("roi_pay", "roi_break_even_pay"), ("ad_roi_net", "roi_break_even_net")):
        have = d.get(roi)
        if have is None:
            continue
        if line in d.out.null:
            d.put("roi_ratio", 0, roi, *d.out.facts[line])
            return
        if need := d.get(line):
            d.put("roi_ratio", have / need, roi, line)
            return


def roi_at_best(d: Deriver, margin: Number | None, refund: Number | None) -> None:
    """An upper bound of `roi_ratio` that needs neither margin nor refunds: below 1 is a loss for sure.

    Without any order it says nothing: what a spend without an order means is PT-18's. All orders of a
    day over that day's spend are the most the ads can have brought.
    """
    get, put = d.get, d.put
    orders, aov, spend = get("orders_per_day"), get("aov"), get("spend_per_day")
    if get("roi_pay") is None and orders is not None and aov and spend:
        put("roi_at_most", orders * aov / spend, "orders_per_day", "aov", "spend_per_day")
    name = "roi_pay" if get("roi_pay") is not None else "roi_at_most"
    roi = get(name)
    if roi:
        c, fees = d.fees()
        best_margin = (1 if margin is None else margin) - c
        kept = (1 - (refund or 0)) * best_margin
        put("roi_ratio_at_best", max(roi * kept, 0), name, "margin", "refund_rate", *fees)


def pause(d: Deriver) -> None:
    """PT-18: what was spent without an order, against what one order may cost."""
    get, put = d.get, d.put
    if get("ad_orders") == 0 and get("ad_spend_total"):
        put("spend_without_order", get("ad_spend_total") or 0, "ad_spend_total", "ad_orders")
    elif get("orders_per_day") == 0 and get("spend_per_day"):
        put("spend_without_order", get("spend_per_day") or 0, "spend_per_day", "orders_per_day")
    aov, line = get("aov"), get("roi_break_even_pay")
    if aov and line:
        put("target_cpa", aov / line, "aov", "roi_break_even_pay")
    spent, cpa = get("spend_without_order"), get("target_cpa")
    if spent and cpa:
        put("pause_ratio", spent / cpa, "spend_without_order", "target_cpa")
