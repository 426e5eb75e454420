"""The pool of creators in shares: tiers, activity, renewal (D10)."""

from __future__ import annotations

from rules.derive.core import Deriver

#: columns of `kp.structure`; small accounts (KOC) count with the tail
_TIERS = {"head": ("head",), "shoulder": ("shoulder",), "waist": ("waist",), "tail": ("tail", "koc")}


def alliance(d: Deriver) -> None:
    """Shares 0–1 of the counts that are known; none where the whole is 0."""
    get, put = d.get, d.put
    tiers = d.facts.get("creator_tiers")
    if isinstance(tiers, dict) and (total := sum(tiers.values())):
        put("creator_tiers_total", total, "creator_tiers")
        put("creator_tiers_used", sum(n > 0 for n in tiers.values()), "creator_tiers")
        for column, names in _TIERS.items():
            share = sum(tiers.get(n, 0) for n in names) / total
            put(f"creator_share_{column}", share, "creator_tiers")
        top = (tiers.get("head", 0) + tiers.get("shoulder", 0)) / total
        put("creator_top_tier_share", top, "creator_tiers")
    size, active, new = get("creator_pool_size"), get("creator_active_30d"), get("creator_new_30d")
    if active is not None and size:
        put("creator_active_share", active / size, "creator_active_30d", "creator_pool_size")
    if new is not None and active:
        put("creator_new_share", new / active, "creator_new_30d", "creator_active_30d")
    if (growth := get("growth")) is not None:
        put("growth_swing", abs(growth), "growth")
