"""One of the goods in numbers: against the pass lines, the room and the other goods (D6)."""

from __future__ import annotations

from rules.conditions import rounded
from rules.derive.core import ItemDeriver

_LINES = {"item_click_index": "click_rate", "item_order_index": "cvr_click", "item_refund_ratio": "refund"}


def goods(d: ItemDeriver) -> None:
    """Indices of one item, and whether it is the hit (爆品: the top by GMV)."""
    for name, metric in _LINES.items():
        if (value := d.get(f"item_{metric}")) is not None:
            bench, uses, parameters, shaky = d.bench("refund_alert" if metric == "refund" else metric)
            d.put(name, value / bench, f"item_{metric}", *uses, parameters=parameters, shaky=shaky)
    gpm, room, listed = d.get("item_gpm"), d.get("gpm"), d.pool("item_gpm")
    if gpm is not None and room:
        d.put("item_gpm_ratio", gpm / room, "item_gpm", "gpm")
    elif gpm is not None and room is None and len(listed) > 1 and (mean := sum(listed) / len(listed)):
        d.put("item_gpm_ratio", gpm / mean, "item_gpm", shaky="proxy")
    _hero(d)
    _stock(d)
    _spare(d)


def candidates(d: ItemDeriver) -> None:
    """The one item that fits best as profit item (GM-04), and as the hit for creators (GM-15)."""
    cvr, margin = d.get("item_cvr_click"), d.get("item_margin")
    roles = {p.facts["item_role"] for p in d.peers if "item_role" in p.facts}
    if roles and "profit" not in roles and cvr is not None and margin is not None:
        both = [(p.get("item_cvr_click"), p.get("item_margin")) for p in d.peers]
        best = max(rounded(c * m) for c, m in both if c is not None and m is not None)
        d.put(
            "item_profit_candidate",
            rounded(cvr * margin) >= best,
            "item_cvr_click",
            "item_margin",
            "item_role",
        )
    if d.get("item_spare_margin") is not None and cvr is not None:
        fit = [c for p in d.peers if _fits(p) and (c := p.get("item_cvr_click")) is not None]
        is_hit = _fits(d) and cvr >= max(fit)
        d.put("item_creator_hit", is_hit, "item_spare_margin", "item_cvr_click")


def _fits(d: ItemDeriver) -> bool:
    """Whether the item pays commission and fee and leaves the headroom."""
    return (spare := d.get("item_spare_margin")) is not None and rounded(spare) >= 0


def _hero(d: ItemDeriver) -> None:
    """The top by GMV; by GPM where no GMV is known; else the only conversion item."""
    for name, shaky in (("item_gmv", None), ("item_gpm", "proxy")):
        if known := d.pool(name):
            if (value := d.get(name)) is not None:
                d.put("item_is_hero", value >= max(known), name, shaky=shaky)
            return
    carriers = [p for p in d.peers if p.facts.get("item_role") in {"conversion", "welfare"}]
    if len(carriers) == 1:
        d.put("item_is_hero", carriers[0] is d, "item_role", shaky="proxy")


def _stock(d: ItemDeriver) -> None:
    """Days of cover: its own units a day, else those of the shop's hero item, if it is that."""
    stock, daily = d.get("item_stock"), d.get("item_daily_units")
    hero = d.out.values.get("item_is_hero") is True
    if stock == 0:
        d.put("item_stock_days", 0, "item_stock")
    elif stock is not None and daily:
        d.put("item_stock_days", stock / daily, "item_stock", "item_daily_units")
    elif stock is not None and daily is None and hero and (usual := d.get("daily_units")):
        d.put("item_stock_days", stock / usual, "item_stock", "daily_units", "item_is_hero")
    elif hero and (days := d.get("stock_days")) is not None:
        d.put("item_stock_days", days, "stock_days", "item_is_hero")


def _spare(d: ItemDeriver) -> None:
    """(1 − r)·m − r·ρ − k − c − the headroom of GM-15; its own refunds and margin, else the shop's."""
    margin_name = "item_margin" if d.get("item_margin") is not None else "margin"
    refund_name = "item_refund" if d.get("item_refund") is not None else "refund_rate"
    margin, refund, k = d.get(margin_name), d.get(refund_name), d.get("creator_commission_rate")
    if margin is None or refund is None or k is None:
        return
    fee, used = d.deal_fee()
    left = d.kept(margin, refund, 0)
    d.put("item_spare_margin", left - k - fee - d.param("gm.headroom"), margin_name, refund_name,
          "creator_commission_rate", "platform_fee_rate", parameters=(*used, "gm.headroom"))  # fmt: skip
