"""A session against the own week (B-02, LC-17), and its pace (D5)."""

from __future__ import annotations

from rules.derive.core import Deriver

_FUNNEL = (
    "entry_rate",
    "stay_seconds",
    "interact_rate",
    "click_rate",
    "cvr_click",
    "cvr_view",
    "pay_rate",
    "gpm",
)
_MOVES = ("stay_seconds", "entry_rate", "click_rate", "cvr_click", "cvr_view", "gpm", "views_session")


def session(d: Deriver) -> None:
    """Movement as a ratio of the own 7-day median, minutes to an order, how much of the funnel is known."""
    get, put = d.get, d.put
    known = [n for n in _FUNNEL if get(n) is not None]
    put("funnel_known", len(known), *known)
    moves: dict[str, float] = {}
    for name in _MOVES:
        now, usual = get(name), get(f"own_median_{name}")
        if now is not None and usual:
            moves[name] = now / usual - 1
    for shown, name in (("move_gpm", "gpm"), ("move_views", "views_session")):
        if name in moves:
            put(shown, moves[name], name, f"own_median_{name}")
    if moves:
        uses = [n for name in moves for n in (name, f"own_median_{name}")]
        put("move_lowest", min(moves.values()), *uses)
        put("move_highest", max(moves.values()), *uses)
    hours, orders = get("live_hours_per_day"), get("orders_per_day")
    if hours and orders is not None:
        put("minutes_per_order", hours * 60 / max(orders, 1), "live_hours_per_day", "orders_per_day")
