"""One deal with a creator: what it must sell, what it leaves, what a slot may cost (§0, D12)."""

from __future__ import annotations

from rules.derive.core import Deriver, Number


def deal(d: Deriver) -> None:
    """The deal with one creator, as far as its terms are known."""
    get, put = d.get, d.put
    slot, k, expected = get("slot_fee"), get("creator_commission_rate"), get("creator_expected_gmv")
    margin, refund = get("margin"), get("refund_rate")
    sold, price = get("creator_expected_units"), get("aov")
    if expected is None and sold is not None and price:
        expected = sold * price
        put("deal_expected_gmv", expected, "creator_expected_units", "aov")
    promise = "deal_expected_gmv" if "deal_expected_gmv" in d.out.values else "creator_expected_gmv"
    budget = get("budget_total")
    if budget is not None:
        if (get("budget_30d") or 0) >= d.param("fa.no_top_budget"):
            ceiling(d, budget)
        if slot is not None and budget:
            put("slot_share", slot / budget, "slot_fee", "budget_total")
    units(d, promise)
    if k is None or margin is None or refund is None:
        return
    fee, used = d.deal_fee()
    q = d.kept(margin, refund, k + fee)
    uses = ("margin", "refund_rate", "creator_commission_rate", "platform_fee_rate", "return_cost_share")
    given = get("creator_low_gmv")
    if slot is not None:
        if q > 1e-9:
            put("deal_break_even_gmv", slot / q, "slot_fee", *uses, parameters=used)
            if price:
                put("deal_break_even_units", slot / q / price, "deal_break_even_gmv", "aov")
        else:
            d.out.null["deal_break_even_gmv"] = "no_break_even"
            d.out.facts["deal_break_even_gmv"] = ("slot_fee", *(u for u in uses if u in d.facts))
            put("deal_cover", 0, "slot_fee", *uses, parameters=used)
    if expected is None:
        return
    put("deal_max_slot_fee", q * expected, promise, *uses, parameters=used)
    low = expected * d.param("money.low_case") if given is None else given
    of, by = (promise, ("money.low_case",)) if given is None else ("creator_low_gmv", ())
    put("deal_safe_slot_fee", max(q * low, 0), of, *uses, parameters=(*used, *by))
    if slot is not None:
        put("deal_profit", q * expected - slot, "slot_fee", promise, *uses, parameters=used)
        put("deal_profit_low", q * low - slot, "slot_fee", of, *uses, parameters=(*used, *by))
        if q > 1e-9 and slot:
            put("deal_cover", low * q / slot, "slot_fee", of, *uses, parameters=(*used, *by))
        elif q > 1e-9:
            put("deal_cover", 1, "slot_fee", promise, *uses, parameters=used)


def units(d: Deriver, promise: str) -> None:
    """The units he is to sell, from `promise` and the price or as he named them; how stock covers them."""
    get, put = d.get, d.put
    expected, price, named = get(promise), get("aov"), get("creator_expected_units")
    if expected is not None and price:
        put("deal_units", expected / price, promise, "aov")
    elif named is not None:
        put("deal_units", named, "creator_expected_units")
    if (stock := get("hero_stock_units")) is not None and (wanted := get("deal_units")):
        put("deal_stock_cover", stock / wanted, "hero_stock_units", "deal_units")


def ceiling(d: Deriver, budget: Number) -> None:
    """The most one slot may cost, and what it would have to sell with example terms (C02)."""
    put = d.put
    put("slot_ceiling", budget * d.param("tk.max_share"), "budget_total", parameters=("tk.max_share",))
    if any(d.get(n) is not None for n in ("gross_margin", "unit_cost", "refund_rate", "slot_fee")):
        return
    names = (
        "money.example_margin",
        "money.example_refund",
        "money.example_commission",
        "money.platform_fee",
    )
    margin, refund, commission, fee = (d.param(n) for n in names)
    if (q := (1 - refund) * (margin - commission - fee)) > 0:
        put(
            "example_break_even_gmv",
            (d.get("slot_ceiling") or 0) / q,
            "slot_ceiling",
            parameters=names,
        )
