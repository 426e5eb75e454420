"""One creator in numbers: against the own pool, the category and the terms of the deal (D9, D11)."""

from __future__ import annotations

import statistics

from rules.derive.core import ItemDeriver, Number

#: what stands for a ratio without end: sales of nothing, or a base of nothing
_NEVER = 1000


def creators(d: ItemDeriver) -> None:
    """What follows from one creator's own figures and the shop's."""
    get, put = d.get, d.put
    gpm, gmv, views = get("kol_gpm"), get("kol_gmv_avg"), get("kol_views_avg")
    if gpm is not None:
        put("kol_sells", gpm, "kol_gpm", shaky=_small(d))
    elif gmv is not None and views:
        put("kol_sells", gmv / views * 1000, "kol_gmv_avg", "kol_views_avg", shaky=_small(d))
    if (score := get("kol_score")) is not None:
        of_hundred = score > 5
        put("kol_rating", score / 20 if of_hundred else score, "kol_score",
            shaky="score_of_100" if of_hundred else None)  # fmt: skip
    if (growth := get("kol_growth")) is not None:
        put("kol_swing", abs(growth), "kol_growth")
    refund, usual = get("kol_refund"), get("refund_rate")
    if refund is not None and usual is not None:
        put("kol_refund_gap", refund - usual, "kol_refund", "refund_rate")
        put("kol_refund_excess", refund - usual * d.param("al.refund"), "kol_refund", "refund_rate",
            parameters=("al.refund",))  # fmt: skip
    _deal(d)


def compared(d: ItemDeriver) -> None:
    """One creator against the medians of the own ones, from `al.min_creators` on, else the default lines."""
    views, line = d.get("kol_views_avg"), "al.views"
    if views is not None:
        cut, usual = _own_median(d, "kol_views_avg"), d.get("views_session")
        if cut is not None:
            _ratio(d, "kol_traffic_ratio", views, cut, "kol_views_avg", "al.min_creators")
        elif usual:
            d.put("kol_traffic_ratio", views / usual, "kol_views_avg", "views_session")
        else:
            d.put("kol_traffic_ratio", views / d.param(line), "kol_views_avg", parameters=(line,),
                  shaky="default_line")  # fmt: skip
    elif (seeding := d.facts.get("kol_seeding_level")) is not None:
        d.put("kol_traffic_ratio", int(seeding == "high"), "kol_seeding_level", shaky="proxy")
    _conversion(d)
    gmv, need = d.get("kol_gmv_avg"), d.get("creator_expected_gmv")
    if gmv is not None and need is not None:
        d.put("kol_sales_ratio", gmv / need if need else 1, "kol_gmv_avg", "creator_expected_gmv")
    elif gmv is not None and (usual_gmv := _own_median(d, "kol_gmv_avg")) is not None:
        _ratio(d, "kol_sales_ratio", gmv, usual_gmv, "kol_gmv_avg", "al.min_creators")


def _conversion(d: ItemDeriver) -> None:
    """`kol_conversion_ratio` by GMV per 1000 views, else by buyers per viewer, else by Compass."""
    for name, metric in (("kol_sells", "gpm"), ("kol_cvr", "cvr_view")):
        value = d.get(name)
        if value is None:
            continue
        bench, uses, parameters, shaky = d.bench(metric)
        if metric == "gpm":
            d.put("kol_gpm_index", value / bench, name, *uses, parameters=parameters, shaky=shaky)
        if (cut := _own_median(d, name)) is not None:
            _ratio(d, "kol_conversion_ratio", value, cut, name, "al.min_creators")
        else:
            shaky = shaky or (_small(d) if metric != "gpm" else None)
            d.put("kol_conversion_ratio", value / bench, name, *uses, parameters=parameters, shaky=shaky)
        return
    if (deal := d.facts.get("kol_deal_level")) is not None:
        d.put("kol_conversion_ratio", int(deal == "high"), "kol_deal_level", shaky="proxy")


def _deal(d: ItemDeriver) -> None:
    """What a yuan of his sales leaves, his break-even, and how much of the expected sales it takes."""
    get, put = d.get, d.put
    alone = len(d.peers) == 1
    k = "kol_commission" if get("kol_commission") is not None else "creator_commission_rate"
    rate, margin, refund = get(k), get("margin"), get("refund_rate")
    if rate is None or margin is None or refund is None:
        return
    fee, used = d.deal_fee()
    left = d.kept(margin, refund, rate + fee)
    uses = (k, "margin", "refund_rate", "platform_fee_rate", "return_cost_share")
    put("kol_deal_left", left, *uses, parameters=used)
    fee_name = "kol_slot_fee" if get("kol_slot_fee") is not None or not alone else "slot_fee"
    slot = get(fee_name)
    if slot is None or left <= 1e-9:
        return
    put("kol_break_even_gmv", slot / left, fee_name, "kol_deal_left")
    if slot == 0:
        put("kol_deal_load", 0, fee_name, "kol_deal_left")
        return
    his, promised = "kol_gmv_avg", _first(d, "deal_expected_gmv", "creator_expected_gmv")
    name = _first(d, promised, his) if alone else _first(d, his, promised)
    if (expected := get(name)) is not None:
        load = slot / left / expected if expected else _NEVER
        put("kol_deal_load", min(load, _NEVER), name, "kol_break_even_gmv")


def _first(d: ItemDeriver, *names: str) -> str:
    """The first of the numbers that is known, or the last name."""
    return next((n for n in names if d.get(n) is not None), names[-1])


def _own_median(d: ItemDeriver, name: str) -> Number | None:
    """The median over the creators you work with (a candidate without a session is none of them)."""
    known = [v for p in d.peers if p.get("kol_sessions") != 0 and (v := p.get(name)) is not None]
    return statistics.median(known) if len(known) >= d.param("al.min_creators") else None


def _ratio(d: ItemDeriver, name: str, value: Number, cut: Number, uses: str, parameter: str) -> None:
    """At the median counts as high, also where the median is 0."""
    d.put(name, value / cut if cut else 1, uses, parameters=(parameter,))


def _small(d: ItemDeriver) -> str | None:
    """Too few views in all his sessions to say much of a rate."""
    views = d.get("kol_views_avg")
    few = views is not None and views * (d.get("kol_sessions") or 1) < d.param("lc.min_views")
    return "small_sample" if few else None
