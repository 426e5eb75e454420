"""What single creators and goods come to, as numbers of the shop; before the shop's own strata."""

from __future__ import annotations

from collections.abc import Mapping

from rules.derive.core import Concluded, Deriver, Number
from rules.model import Scope

#: what a rank of Compass says of the role where nobody said it (GM-17)
_BY_RANK = {"hit": "conversion", "potential": "opportunity"}
_SHARED = ("traffic", "conversion", "profit", "opportunity")


def creators_pool(d: Deriver, items: Mapping[Scope, Mapping[str, Concluded]]) -> None:
    """How many creators are listed, are to be dropped (0–1), were never tried."""
    listed = list(items.get("creators", {}).values())
    if not listed:
        return
    d.put("creators_listed", len(listed))
    dropped = sum(c.value("creator_quadrant") == "drop" for c in listed)
    d.put("creators_drop_share", dropped / len(listed))
    d.put("creators_untried", sum(c.facts.get("kol_sessions") == 0 for c in listed))


def goods_pool(d: Deriver, items: Mapping[Scope, Mapping[str, Concluded]]) -> None:
    """The mix by number of items and by sales (0–1); 形象 stays outside, 福利 counts as 转化."""
    listed = list(items.get("goods", {}).values())
    if not listed:
        return
    roles = [_role(g) for g in listed]
    shared = [r for r in roles if r in _SHARED]
    if shared:
        unsure = any(r is None for r in roles) or any("item_role" not in g.facts for g in listed)
        for role in _SHARED:
            d.put(f"goods_share_{role}", shared.count(role) / len(shared), shaky="proxy" if unsure else None)
    of_traffic = [g for g, r in zip(listed, roles, strict=True) if r == "traffic"]
    total = sum(_number(g, "item_gmv") or 0 for g in listed)
    if of_traffic and total and all(_number(g, "item_gmv") is not None for g in listed):
        d.put("goods_traffic_gmv", sum(_number(g, "item_gmv") or 0 for g in of_traffic) / total)
    margins = [
        (m, _number(g, "item_gmv")) for g in of_traffic if (m := _number(g, "item_margin")) is not None
    ]
    weight = sum(gmv or 0 for _, gmv in margins)
    if weight and all(gmv is not None for _, gmv in margins):
        d.put("goods_traffic_margin", sum(m * (gmv or 0) for m, gmv in margins) / weight)
    elif margins:
        d.put("goods_traffic_margin", sum(m for m, _ in margins) / len(margins))
    for_old = [g.facts.get("item_for_old_customers") for g in listed]
    if True in for_old or None not in for_old:
        d.put("goods_old_customers", for_old.count(True))
    hero = next((g for g in listed if g.derived.values.get("item_is_hero") is True), None)
    if hero and "stock_days" not in d.out.values and "item_stock_days" in hero.derived.values:
        shaky = hero.derived.shaky.get("item_stock_days") or hero.derived.shaky.get("item_is_hero")
        d.put("stock_days", hero.derived.values["item_stock_days"], shaky=shaky)


def _role(item: Concluded) -> str | None:
    role = item.facts.get("item_role") or _BY_RANK.get(str(item.facts.get("item_rank")))
    return "conversion" if role == "welfare" else str(role) if role else None


def _number(item: Concluded, name: str) -> Number | None:
    value = item.facts.get(name)
    return value if isinstance(value, int | float) else None
