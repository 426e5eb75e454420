"""Numbers from facts: everything that is computed before a rule is asked. The engine never divides.

Each derived number knows which facts and parameters it rests on, and whether it is provisional (it rests
on an assumption). Formulas and their worked checks are those of `decisions` §0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rules.facts import Value
from rules.parameters import Parameters

Number = int | float

#: What would make a derived number known: alternatives, each a set of facts (or other derived numbers).
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "paid": (("ad_spend_per_day",), ("paid_share",), ("ad_roi_pay",), ("ad_spend_30d",)),
    "months": (("months_operating",), ("days_since_first_live",)),
    "age_days": (("days_since_first_live",), ("months_operating",)),
    "growth": (("gmv_30d", "gmv_prev_30d"),),
    "budget_30d": (("budget_total", "budget_period_days"),),
    "spend_per_day": (("ad_spend_per_day",),),
    "stay_index": (("stay_seconds",),),
    "entry_index": (("entry_rate",),),
    "interact_index": (("interact_rate",),),
    "follow_index": (("follow_rate",),),
    "click_index": (("click_rate",),),
    "order_index": (("cvr_click",), ("cvr_view",)),
    "pay_index": (("pay_rate",),),
    "gpm_index": (("gpm",),),
    "conversion_index": (("cvr_click",), ("cvr_view",), ("orders_per_day", "views_session"), ("click_rate",)),
    "feedback_lowest": (("stay_seconds",), ("cvr_click",)),
    "feedback_both": (("stay_seconds", "conversion_index"),),
    "free_share": (("paid_share",),),
    "free_share_drop": (("paid_share", "paid_share_7d_ago"),),
    "orders_due": (("views_session",),),
    "margin": (("gross_margin",), ("aov", "unit_cost")),
    "roi_break_even_pay": (("margin", "refund_rate"),),
    "break_even_with_fee": (("margin", "refund_rate"),),
    "roi_break_even_net": (("margin",),),
    "roi_pay": (("ad_roi_pay",), ("ad_spend_total", "ad_gmv"), ("ad_spend_total", "ad_orders", "aov")),
    "roi_ratio": (("roi_pay", "roi_break_even_pay"), ("ad_roi_net", "roi_break_even_net")),
    "roi_at_most": (("orders_per_day", "aov", "ad_spend_per_day"),),
    "roi_ratio_at_best": (("roi_pay",), ("roi_at_most",)),
    "target_cpa": (("aov", "roi_break_even_pay"),),
    "spend_without_order": (("ad_spend_total", "ad_orders"), ("ad_spend_per_day", "orders_per_day")),
    "pause_ratio": (("target_cpa", "spend_without_order"),),
    "profit_30d": (("gmv_30d", "margin", "refund_rate"),),
    "refund_ratio": (("refund_rate",),),
    "stock_days": (("hero_stock_days",), ("hero_stock_units", "daily_units")),
    "campaign_in_days": (("days_to_campaign",), ("campaign_date",)),
    "spend_cut_to": (("ad_spend_per_day",),),
    "spend_raise_to": (("ad_spend_per_day",),),
    "slot_ceiling": (("budget_total",),),
    "example_break_even_gmv": (("budget_total",),),
    "slot_share": (("slot_fee", "budget_total"),),
    "deal_break_even_gmv": (("slot_fee", "creator_commission_rate", "margin", "refund_rate"),),
    "deal_expected_gmv": (("creator_expected_units", "aov"),),
    "deal_break_even_units": (("deal_break_even_gmv", "aov"),),
    "deal_profit": (("deal_break_even_gmv", "creator_expected_gmv"),),
    "deal_profit_low": (("deal_break_even_gmv", "creator_expected_gmv"),),
    "deal_max_slot_fee": (("creator_commission_rate", "margin", "refund_rate", "creator_expected_gmv"),),
    "deal_safe_slot_fee": (("deal_max_slot_fee",),),
    "deal_cover": (("deal_break_even_gmv", "creator_expected_gmv"),),
    "deal_units": (("creator_expected_gmv", "aov"),),
    "deal_stock_cover": (("deal_units", "hero_stock_units"),),
    "snowball_traffic": (("live_hours_per_day",), ("videos_per_week",), ("paid_share",), ("entry_rate",)),
    "snowball_conversion": (("stay_seconds",), ("click_rate",), ("cvr_click",), ("gpm",)),
    "snowball_retention": (("follow_rate",), ("follower_gmv_share",), ("repurchase_30d",), ("shop_score",)),
    "snowball_known": (),
    "snowball_lowest": (),
    "snowball_gap_traffic": (("snowball_traffic",),),
    "snowball_gap_conversion": (("snowball_conversion",),),
    "snowball_gap_retention": (("snowball_retention",),),
    "weakest_step": (("stay_seconds",), ("click_rate",), ("cvr_click",)),
    "weak_gap_entry": (("entry_rate",),),
    "weak_gap_stay": (("stay_seconds",),),
    "weak_gap_click": (("click_rate",),),
    "weak_gap_order": (("cvr_click",),),
    "weak_gap_pay": (("pay_rate",),),
}

_INDEX = {
    "stay_index": "stay_seconds",
    "entry_index": "entry_rate",
    "interact_index": "interact_rate",
    "follow_index": "follow_rate",
    "click_index": "click_rate",
    "gpm_index": "gpm",
}
_ROOM = (
    "impressions",
    "views_session",
    "uv_session",
    "avg_online",
    "stay_seconds",
    "entry_rate",
    "interact_rate",
    "follow_rate",
    "click_rate",
    "cvr_click",
    "cvr_view",
    "pay_rate",
    "gpm",
    "uv_value",
    "orders_per_day",
)
_PLAN = (
    "ad_roi_pay",
    "ad_roi_net",
    "ad_plan_age_days",
    "ad_conversions",
    "ad_product",
    "ad_orders",
    "ad_gmv",
    "ad_spend_trend_7d",
)
#: what a handful of views proves little about: all of the room but the counts of people themselves
_SMALL_SAMPLE = frozenset(_ROOM) - {"impressions", "views_session", "uv_session", "avg_online"}


@dataclass
class Derived:
    """Derived numbers by name, and for each the facts and parameters it rests on.

    `null` names those that have no value by their nature, with the reason; `shaky` those that rest on an
    assumption, with its code.
    """

    values: dict[str, bool | Number] = field(default_factory=dict)
    facts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    null: dict[str, str] = field(default_factory=dict)
    shaky: dict[str, str] = field(default_factory=dict)


def imply(facts: Mapping[str, Value]) -> dict[str, tuple[Value, tuple[str, ...]]]:
    """Facts that follow from stated ones (§24, confidence .7): value, and the facts it follows from."""
    out: dict[str, tuple[Value, tuple[str, ...]]] = {}
    seen = [n for n in ("days_since_first_live", *_ROOM) if n in facts]
    if _number(facts, "live_days_30d"):
        seen.insert(0, "live_days_30d")
    if seen and "first_live_done" not in facts:
        out["first_live_done"] = (True, (seen[0],))
    sells = seen[:1] or (["gmv_30d"] if _number(facts, "gmv_30d") else [])
    if facts.get("first_live_done") is True:
        sells = sells or ["first_live_done"]
    if sells and "shop_opened" not in facts:
        out["shop_opened"] = (True, (sells[0],))
    return out


def _number(facts: Mapping[str, Value], name: str) -> Number | None:
    value = facts.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def missing(name: str, known: Iterable[str], facts: Mapping[str, object]) -> tuple[str, ...]:
    """The facts whose absence keeps `name` (a fact or a derived number) unknown: the shortest way to it."""
    if name not in NEEDS:
        return () if name in known else (name,)
    have = set(known)
    if name in have:
        return ()
    ways = [tuple(dict.fromkeys(f for n in way for f in missing(n, have, facts))) for way in NEEDS[name]]
    return min((w for w in ways if w), key=len, default=())


class _Deriver:
    def __init__(self, facts: Mapping[str, Value], parameters: Parameters, assumed: Mapping[str, str],
                 today: dt.date) -> None:  # fmt: skip
        self.facts, self.p, self.assumed, self.today = facts, parameters, assumed, today
        category = facts.get("category")
        self.category = category if isinstance(category, str) else None
        self.out = Derived()
        self.numbers = {n: v for n in facts if (v := _number(facts, n)) is not None}

    def get(self, name: str) -> Number | None:
        return self.numbers.get(name)

    def put(self, name: str, value: bool | Number, *uses: str, parameters: tuple[str, ...] = (),
            shaky: str | None = None) -> None:  # fmt: skip
        out = self.out
        out.values[name] = value
        if not isinstance(value, bool):
            self.numbers[name] = value
        out.facts[name] = tuple(
            dict.fromkeys(f for u in uses for f in out.facts.get(u, (u,) if u in self.facts else ()))
        )
        out.parameters[name] = tuple(
            dict.fromkeys([*parameters, *(p for u in uses for p in out.parameters.get(u, ()))])
        )
        why = shaky or next((s for u in uses if (s := self.assumed.get(u) or out.shaky.get(u))), None)
        if why:
            out.shaky[name] = why

    def param(self, name: str) -> Number:
        return self.p.number(name, self.category)

    def bench(self, metric: str) -> tuple[Number, tuple[str, ...], tuple[str, ...], str | None]:
        """The pass line of `metric`: value, facts, parameters, and why it is shaky (B-01, B-03, B-04)."""
        peer = _number(self.facts, f"peer_{metric}")
        if peer:
            return peer, (f"peer_{metric}",), (), None
        name = f"bench.{metric}"
        own_row = self.p.has_row(name, self.category)
        uses = ("category",) if own_row else ()
        return (
            self.param(name),
            uses,
            (name,),
            None if own_row else "no_row" if self.category else "generic_row",
        )

    # -- groups ---------------------------------------------------------------------------------------

    def run(self) -> Derived:
        self.time()
        self.room()
        self.ads()
        self.money()
        self.deal()
        self.snowball()
        return self.out

    def time(self) -> None:
        get, put = self.get, self.put
        months, days, live_days = get("months_operating"), get("days_since_first_live"), get("live_days_30d")
        if months is not None:
            put("months", months, "months_operating")
        elif days is not None:
            put("months", days / 30, "days_since_first_live")
        if days is not None:
            put("age_days", days, "days_since_first_live")
        elif months is not None:
            put("age_days", months * 30, "months_operating")
        elif live_days is not None and live_days >= self.param("pt.over_live_days"):
            put("age_days", 30, "live_days_30d", parameters=("pt.over_live_days",))
        now, before = get("gmv_30d"), get("gmv_prev_30d")
        if now is not None and before:
            put("growth", now / before - 1, "gmv_30d", "gmv_prev_30d")
        stock, units, daily = get("hero_stock_days"), get("hero_stock_units"), get("daily_units")
        if units is not None and daily:
            put("stock_days", units / daily, "hero_stock_units", "daily_units")
        elif stock is not None:
            put("stock_days", stock, "hero_stock_days")
        date = self.facts.get("campaign_date")
        if isinstance(date, str) and (left := (dt.date.fromisoformat(date) - self.today).days) >= 0:
            put("campaign_in_days", left, "campaign_date")
        elif (left_said := get("days_to_campaign")) is not None:
            put("campaign_in_days", left_said, "days_to_campaign")

    def room(self) -> None:
        get, put = self.get, self.put
        views = get("views_session")
        small = views is not None and views < self.param("lc.min_views")

        def index(name: str, metric: str, line: str | None = None) -> None:
            value = get(metric)
            if value is None:
                return
            bench, uses, parameters, shaky = self.bench(line or metric)
            if small and metric in _SMALL_SAMPLE:
                shaky = "small_sample"
            put(name, value / bench, metric, *uses, parameters=parameters, shaky=shaky)

        for name, metric in _INDEX.items():
            index(name, metric)
        index("order_index", "cvr_click" if get("cvr_click") is not None else "cvr_view")
        index("pay_index", "pay_rate")
        if views is not None:
            bench, uses, parameters, shaky = self.bench("cvr_view")
            put("orders_due", views * bench, "views_session", *uses, parameters=parameters, shaky=shaky)
        self.conversion()
        known = [n for n in ("stay_index", "conversion_index") if n in self.out.values]
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

    def conversion(self) -> None:
        """`conversion_index`: the first known of four ways; the last two are proxies."""
        get, put = self.get, self.put
        if "order_index" in self.out.values:
            put("conversion_index", get("order_index") or 0, "order_index")
            return
        orders, due = get("orders_per_day"), get("orders_due")
        if orders is not None and due is not None and due >= self.param("lc.min_orders_due"):
            put("conversion_index", orders / due, "orders_per_day", "orders_due",
                parameters=("lc.min_orders_due",), shaky="proxy")  # fmt: skip
        elif "click_index" in self.out.values:
            put("conversion_index", get("click_index") or 0, "click_index", shaky="proxy")

    def ads(self) -> None:
        get, put, facts = self.get, self.put, self.facts
        budget, period = get("budget_total"), get("budget_period_days")
        daily = get("ad_spend_per_day")
        if budget is not None and period:
            put("budget_30d", budget * 30 / period, "budget_total", "budget_period_days")
        elif budget is not None:
            monthly = budget >= self.param("fa.period_from")
            line, read_as = ("fa.period_from",), "period_month" if monthly else "period_day"
            month = budget if monthly else budget * 30
            put("budget_30d", month, "budget_total", parameters=line, shaky=read_as)
            if not monthly and daily is None:
                put("spend_per_day", budget, "budget_total", parameters=line, shaky=read_as)
        if daily is not None:
            put("spend_per_day", daily, "ad_spend_per_day")
        spend = get("spend_per_day")
        if spend:
            put("spend_cut_to", spend * self.param("pt.cut"), "spend_per_day", parameters=("pt.cut",))
            put(
                "spend_raise_to",
                spend * (1 + self.param("pt.step")),
                "spend_per_day",
                parameters=("pt.step",),
            )
        share = get("paid_share")
        if share is not None:
            put("free_share", 1 - share, "paid_share")
            if (before := get("paid_share_7d_ago")) is not None:
                put("free_share_drop", share - before, "paid_share", "paid_share_7d_ago")
        amounts = [
            n for n in ("spend_per_day", "ad_spend_30d", "ad_spend_total", "paid_share") if get(n) is not None
        ]
        plan = [n for n in _PLAN if n in facts]
        if spend == 0:
            put("paid", False, "spend_per_day")
        elif positive := [n for n in amounts if (get(n) or 0) > 0]:
            put("paid", True, positive[0])
        elif plan and not amounts:
            put("paid", True, plan[0])
        elif amounts:
            put("paid", False, amounts[0])

    def money(self) -> None:
        get, put = self.get, self.put
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
        fees = [n for n in ("platform_fee_rate", "commission_rate") if get(n) is not None]
        c = sum(get(n) or 0 for n in fees)
        rho = get("return_cost_share") or 0
        if margin is not None and refund is not None:
            earned = (1 - refund) * (margin - c) - refund * rho
            uses = ("margin", "refund_rate", *fees, "return_cost_share")
            self.inverse("roi_break_even_pay", earned, 1, uses)
            self.inverse("roi_break_even_net", earned, 1 - refund, uses)
            if "platform_fee_rate" not in self.facts:
                self.with_fee(earned - (1 - refund) * self.param("money.platform_fee"), uses)
            if (sold := get("gmv_30d")) is not None:
                spent, of = self.spend_30d()
                fixed = get("monthly_fixed_cost") or 0
                put("profit_30d", sold * earned - spent - fixed, "gmv_30d", *uses, *of, "monthly_fixed_cost")
        elif margin is not None and not rho:
            self.inverse("roi_break_even_net", margin - c, 1, ("margin", *fees))
        self.roi_ratio()
        self.roi_at_best(margin, refund, fees)
        if refund is not None:
            line, used, parameters, shaky = self.bench("refund_alert")
            put("refund_ratio", refund / line, "refund_rate", *used, parameters=parameters, shaky=shaky)
        self.pause()

    def with_fee(self, earned: float, uses: tuple[str, ...]) -> None:
        """What the break-even would be with the default fee, shown beside the one without a fee."""
        if earned > 1e-9:
            self.put("break_even_with_fee", 1 / earned, *uses, parameters=("money.platform_fee",))

    def inverse(self, name: str, denominator: float, numerator: float, uses: tuple[str, ...]) -> None:
        """numerator ÷ denominator, or null where no ROI covers the loss on each order."""
        if denominator > 1e-9:
            self.put(name, numerator / denominator, *uses)
        else:
            self.out.null[name] = "no_break_even"
            self.out.facts[name] = tuple(
                f for u in uses for f in self.out.facts.get(u, (u,) if u in self.facts else ())
            )

    def spend_30d(self) -> tuple[Number, tuple[str, ...]]:
        if (month := self.get("ad_spend_30d")) is not None:
            return month, ("ad_spend_30d",)
        if (day := self.get("spend_per_day")) is not None:
            return day * 30, ("spend_per_day",)
        if (spent := self.get("ad_spend_total")) is not None:
            return spent, ("ad_spend_total",)
        return 0, ()

    def roi_ratio(self) -> None:
        for roi, line in (("roi_pay", "roi_break_even_pay"), ("ad_roi_net", "roi_break_even_net")):
            have = self.get(roi)
            if have is None:
                continue
            if line in self.out.null:
                self.put("roi_ratio", 0, roi, *self.out.facts[line])
                return
            if need := self.get(line):
                self.put("roi_ratio", have / need, roi, line)
                return

    def roi_at_best(self, margin: Number | None, refund: Number | None, fees: list[str]) -> None:
        """An upper bound of `roi_ratio` that needs neither margin nor refunds: below 1 is a loss for sure.

        Without any order it says nothing: what a spend without an order means is PT-18's. All orders of a
        day over that day's spend are the most the ads can have brought.
        """
        get, put = self.get, self.put
        orders, aov, spend = get("orders_per_day"), get("aov"), get("spend_per_day")
        if get("roi_pay") is None and orders is not None and aov and spend:
            put("roi_at_most", orders * aov / spend, "orders_per_day", "aov", "spend_per_day")
        name = "roi_pay" if get("roi_pay") is not None else "roi_at_most"
        roi = get(name)
        if roi:
            best_margin = (1 if margin is None else margin) - sum(get(n) or 0 for n in fees)
            kept = (1 - (refund or 0)) * best_margin
            put("roi_ratio_at_best", max(roi * kept, 0), name, "margin", "refund_rate", *fees)

    def pause(self) -> None:
        """PT-18: what was spent without an order, against what one order may cost."""
        get, put = self.get, self.put
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

    def deal(self) -> None:
        get, put = self.get, self.put
        slot, k, expected = get("slot_fee"), get("creator_commission_rate"), get("creator_expected_gmv")
        margin, refund = get("margin"), get("refund_rate")
        sold, price = get("creator_expected_units"), get("aov")
        if expected is None and sold is not None and price:
            expected = sold * price
            put("deal_expected_gmv", expected, "creator_expected_units", "aov")
        promise = "deal_expected_gmv" if "deal_expected_gmv" in self.out.values else "creator_expected_gmv"
        budget = get("budget_total")
        if budget is not None:
            if (get("budget_30d") or 0) >= self.param("fa.no_top_budget"):
                self.ceiling(budget)
            if slot is not None and budget:
                put("slot_share", slot / budget, "slot_fee", "budget_total")
        if expected is not None and (aov := get("aov")):
            put("deal_units", expected / aov, promise, "aov")
            if (stock := get("hero_stock_units")) is not None and (units := get("deal_units")):
                put("deal_stock_cover", stock / units, "hero_stock_units", "deal_units")
        if k is None or margin is None or refund is None:
            return
        fee = get("platform_fee_rate")
        used = ("money.platform_fee",) if fee is None else ()
        fee = self.param("money.platform_fee") if fee is None else fee
        q = (1 - refund) * (margin - k - fee) - refund * (get("return_cost_share") or 0)
        uses = ("margin", "refund_rate", "creator_commission_rate", "platform_fee_rate", "return_cost_share")
        low = self.param("money.low_case")
        if slot is not None:
            if q > 1e-9:
                put("deal_break_even_gmv", slot / q, "slot_fee", *uses, parameters=used)
                if price:
                    put("deal_break_even_units", slot / q / price, "deal_break_even_gmv", "aov")
            else:
                self.out.null["deal_break_even_gmv"] = "no_break_even"
                self.out.facts["deal_break_even_gmv"] = ("slot_fee", *(u for u in uses if u in self.facts))
                put("deal_cover", 0, "slot_fee", *uses, parameters=used)
        if expected is None:
            return
        put("deal_max_slot_fee", q * expected, promise, *uses, parameters=used)
        put("deal_safe_slot_fee", max(q * expected * low, 0), promise, *uses,
            parameters=(*used, "money.low_case"))  # fmt: skip
        if slot is not None:
            put("deal_profit", q * expected - slot, "slot_fee", promise, *uses, parameters=used)
            put("deal_profit_low", q * expected * low - slot, "slot_fee", promise, *uses,
                parameters=(*used, "money.low_case"))  # fmt: skip
            if q > 1e-9 and slot:
                put("deal_cover", expected * low * q / slot, "slot_fee", promise, *uses,
                    parameters=(*used, "money.low_case"))  # fmt: skip
            elif q > 1e-9:
                put("deal_cover", 1, "slot_fee", promise, *uses, parameters=used)

    def ceiling(self, budget: Number) -> None:
        """The most one slot may cost, and what it would have to sell with example terms (C02)."""
        put = self.put
        put("slot_ceiling", budget * self.param("tk.max_share"), "budget_total", parameters=("tk.max_share",))
        if any(self.get(n) is not None for n in ("gross_margin", "unit_cost", "refund_rate", "slot_fee")):
            return
        names = (
            "money.example_margin",
            "money.example_refund",
            "money.example_commission",
            "money.platform_fee",
        )
        margin, refund, commission, fee = (self.param(n) for n in names)
        if (q := (1 - refund) * (margin - commission - fee)) > 0:
            put(
                "example_break_even_gmv",
                (self.get("slot_ceiling") or 0) / q,
                "slot_ceiling",
                parameters=names,
            )

    def snowball(self) -> None:
        """Three scores 0–100 (D7): every part capped at 1.2 of its pass line, unknown parts left out."""
        get = self.get
        lines = {"live_hours_per_day": "sn.pass_hours", "videos_per_week": "sn.pass_videos",
                 "free_share": "sn.pass_free", "follower_gmv_share": "sn.pass_follower_gmv",
                 "repurchase_30d": "sn.pass_repurchase", "shop_score": "sn.pass_score"}  # fmt: skip
        parts = {
            "traffic": ("live_hours_per_day", "videos_per_week", "free_share", "entry_index"),
            "conversion": ("stay_index", "click_index", "order_index", "gpm_index"),
            "retention": ("follow_index", "follower_gmv_share", "repurchase_30d", "shop_score"),
        }
        cap, score = self.param("sn.cap"), get("shop_score")
        gate = self.param("svc.score_gate")
        scores: dict[str, float] = {}
        for link, names in parts.items():
            known = [(n, v) for n in names if (v := get(n)) is not None]
            if not known:
                continue
            values = [min(v / self.param(lines[n]) if n in lines else v, cap) for n, v in known]
            value = sum(values) / len(values) / cap * 100
            if score is not None and score < gate and link in {"traffic", "retention"}:
                value = min(value, self.param("sn.service_cap"))
            scores[link] = value
            uses = [n for n, _ in known]
            self.put(f"snowball_{link}", value, *uses, *(["shop_score"] if score is not None else []),
                     parameters=("sn.cap", *(lines[n] for n in uses if n in lines)))  # fmt: skip
        self.put("snowball_known", len(scores), *(f"snowball_{s}" for s in scores))
        if scores:
            lowest = min(scores.values())
            all_scores = [f"snowball_{s}" for s in scores]
            self.put("snowball_lowest", lowest, *all_scores)
            for link, value in scores.items():
                self.put(f"snowball_gap_{link}", value - lowest, *all_scores)


def derive(
    facts: Mapping[str, Value], parameters: Parameters, assumed: Mapping[str, str], today: dt.date
) -> Derived:
    """All numbers that `facts` support. `assumed` maps a fact to the code of the assumption it rests on."""
    return _Deriver(facts, parameters, assumed, today).run()
