"""What a number expression would mean as a value of a fact; None where its unit forbids it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.conversation.lexicon import RATE
from bot.conversation.numbers import Number
from bot.conversation.text import data
from rules.facts import Fact

_PLAIN = {"plain"}  # a lone Chinese digit is a value of ROI alone


@dataclass(frozen=True, slots=True)
class Fit:
    """A value with how sure it is and the assumption it rests on."""

    value: float | int | str
    assumed: str | None = None
    confidence: float = 1.0


def fit(fact: Fact, token: Number, word: str = "") -> Fit | None:
    """`token` as a value of `fact`, named by `word`; of a range the careful end (decisions §24)."""
    if fact.type == "date":
        return Fit(token.unit, None, 0.95) if token.kind == "date" else None
    low = _value(fact, token, token.value, word)
    if low is None:
        return None
    if token.high is not None:
        high = _value(fact, token, token.high, word)
        if high is None:
            return None
        value = high if fact.name in data("cues")["hurts_high"] else low
        return Fit(_whole(value), "cautious_end", 0.7)
    if fact.rescale and fact.rescales(low):
        return Fit(fact.rescaled(low), fact.rescale.code, fact.rescale.confidence)
    if token.about:
        return Fit(_whole(low), "approximate", 0.6)
    return Fit(_whole(low), None, 0.95)


def _whole(value: float) -> float | int:
    value = round(value, 8)
    return int(value) if value == int(value) else value


def _value(fact: Fact, token: Number, value: float, word: str) -> float | None:
    kind = token.kind
    if fact.type == "ratio":
        if kind == "times":
            return value if fact.range and fact.range[1] > 1 else None
        return _ratio(token, value, word)
    if fact.type == "money":
        return value if kind in _PLAIN | {"money"} or (kind == "weak" and value == 0) else None
    if fact.type not in {"int", "number"}:
        return None
    converted = _by_unit(fact, token, value)
    if converted is None or fact.type != "int" or converted == int(converted):
        return converted
    return float(int(converted)) if token.kind == "days" else None  # 半年 is 182 days


def _ratio(token: Number, value: float, word: str) -> float | None:
    if token.kind == "rate":
        return value
    if token.kind not in _PLAIN or token.scaled:
        return None
    if abs(value) < 1:
        return value
    # "点击300" counts clicks; "转化率120" is a rate, and an impossible one.
    rated = word.endswith(("率", "比", "rate", "conversion", "share", "margin"))
    return value / 100 if abs(value) <= 100 or rated else None


def _by_unit(fact: Fact, token: Number, value: float) -> float | None:
    kind, unit = token.kind, fact.unit
    if unit == "秒":
        if kind == "ratio" and token.parts and token.parts[1] < 60:
            return token.parts[0] * 60 + token.parts[1]
        return (
            {"seconds": value, "points": value * 60, "hours": value * 3600, "plain": value}.get(kind)
            if not token.scaled
            else None
        )
    if unit == "天":
        return value if kind in {"days", "period"} or (kind == "plain" and not token.scaled) else None
    if unit == "月":
        if kind != "days":
            return value if kind == "plain" else None
        return round(value / 365 * 12 if token.unit in data("units")["years"] else value / 30, 2)
    if unit == "小时":
        return value if kind in {"hours", "plain"} and not token.scaled else None
    if unit == "倍":
        return value if kind in {"plain", "times", "rate"} else None
    if unit == "分":
        return value if kind in {"points", "plain"} and not token.scaled else None
    if unit is None:
        return (
            value if kind in {"plain", "weak", "ratio", "times"} or (kind == "rate" and value >= 1) else None
        )
    if kind == "count":
        return value if token.unit in data("cues")["unit_fits"].get(unit, ()) else None
    return value if kind in _PLAIN or (kind == "weak" and value == 0) else None


def several_rates(token: Number, word: str) -> tuple[str, float, str | None, float] | None:
    """LC-11: which conversion a bare 转化率 is: fact, value, assumption, confidence."""
    rule = data("cues")["several_rates"]
    value = _ratio(token, token.value, word)
    if value is None or (word in rule["percent_only"] and token.kind != "rate"):
        return None
    for band in rule["bands"]:
        if value < band["below"]:
            return band["fact"], round(value, 8), band["assumed"], rule["confidence"]
    return rule["else"], round(value, 8), None, rule["confidence"]


__all__ = ["RATE", "Fit", "fit", "several_rates"]
