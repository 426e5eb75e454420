"""The three scores of the snowball (D7)."""

from __future__ import annotations

from rules.derive.core import Deriver


def snowball(d: Deriver) -> None:
    """Three scores 0–100 (D7): every part capped at 1.2 of its pass line, unknown parts left out."""
    get = d.get
    lines = {"live_hours_per_day": "sn.pass_hours", "videos_per_week": "sn.pass_videos",
             "free_share": "sn.pass_free", "follower_gmv_share": "sn.pass_follower_gmv",
             "repurchase_30d": "sn.pass_repurchase", "shop_score": "sn.pass_score"}  # fmt: skip
    parts = {
        "traffic": ("live_hours_per_day", "videos_per_week", "free_share", "entry_index"),
        "conversion": ("stay_index", "click_index", "order_index", "gpm_index"),
        "retention": ("follow_index", "follower_gmv_share", "repurchase_30d", "shop_score"),
    }
    cap, score = d.param("sn.cap"), get("shop_score")
    gate = d.param("svc.score_gate")
    scores: dict[str, float] = {}
    for link, names in parts.items():
        known = [(n, v) for n in names if (v := get(n)) is not None]
        if not known:
            continue
        values = [min(v / d.param(lines[n]) if n in lines else v, cap) for n, v in known]
        value = sum(values) / len(values) / cap * 100
        if score is not None and score < gate and link in {"traffic", "retention"}:
            value = min(value, d.param("sn.service_cap"))
        scores[link] = value
        uses = [n for n, _ in known]
        d.put(f"snowball_{link}", value, *uses, *(["shop_score"] if score is not None else []),
                 parameters=("sn.cap", *(lines[n] for n in uses if n in lines)))  # fmt: skip
    d.put("snowball_known", len(scores), *(f"snowball_{s}" for s in scores))
    if scores:
        lowest = min(scores.values())
        all_scores = [f"snowball_{s}" for s in scores]
        d.put("snowball_lowest", lowest, *all_scores)
        for link, value in scores.items():
            d.put(f"snowball_gap_{link}", value - lowest, *all_scores)
