"""A live room against its pass lines, and where it breaks (D4, D5)."""

from __future__ import annotations

from rules.derive.core import ROOM, Deriver

_INDEX = {
    "stay_index": "stay_seconds",
    "entry_index": "entry_rate",
    "interact_index": "interact_rate",
    "follow_index": "follow_rate",
    "click_index": "click_rate",
    "gpm_index": "gpm",
}
#: what a handful of views proves little about: all of the room but the counts of people themselves
_SMALL_SAMPLE = frozenset(ROOM) - {"impressions", "views_session", "uv_session", "avg_online"}


def room(d: Deriver) -> None:
    """Indices of each metric against its line, and the steps of the funnel."""
    get, put = d.get, d.put
    views = get("views_session")
    small = views is not None and views < d.param("lc.min_views")

    def index(name: str, metric: str, line: str | None = None) -> None:
        value = get(metric)
        if value is None:
            return
        bench, uses, parameters, shaky = d.bench(line or metric)
        if small and metric in _SMALL_SAMPLE:
            shaky = "small_sample"
        put(name, value / bench, metric, *uses, parameters=parameters, shaky=shaky)

    for name, metric in _INDEX.items():
        index(name, metric)
    index("order_index", "cvr_click" if get("cvr_click") is not None else "cvr_view")
    paid = get("pay_rate")
    if paid is not None:  # one line for every category (LC-06)
        put("pay_index", paid / d.param("lc.pay"), "pay_rate", parameters=("lc.pay",),
            shaky="small_sample" if small else None)  # fmt: skip
    if views is not None:
        bench, uses, parameters, shaky = d.bench("cvr_view")
        put("orders_due", views * bench, "views_session", *uses, parameters=parameters, shaky=shaky)
    conversion(d)
    known = [n for n in ("stay_index", "conversion_index") if n in d.out.values]
    if known:
        put("feedback_lowest", min(get(n) or 0 for n in known), *known)
    if len(known) == 2:
        put("feedback_both", min(get(n) or 0 for n in known), *known)
    steps = {s: f"{s}_index" for s in ("entry", "stay", "click", "order", "pay")}
    indices = {s: v for s, n in steps.items() if (v := get(n)) is not None}
    if indices:
        put("weakest_step", min(indices.values()), *(steps[s] for s in indices))
    for step, value in indices.items():
        put(f"weak_gap_{step}", value - min(indices.values()), *(steps[s] for s in indices))


def conversion(d: Deriver) -> None:
    """`conversion_index`: the first known of four ways; the last two are proxies."""
    get, put = d.get, d.put
    if "order_index" in d.out.values:
        put("conversion_index", get("order_index") or 0, "order_index")
        return
    orders, due = get("orders_per_day"), get("orders_due")
    if orders is not None and due is not None and due >= d.param("lc.min_orders_due"):
        put("conversion_index", orders / due, "orders_per_day", "orders_due",
            parameters=("lc.min_orders_due",), shaky="proxy")  # fmt: skip
    elif "click_index" in d.out.values:
        put("conversion_index", get("click_index") or 0, "click_index", shaky="proxy")
