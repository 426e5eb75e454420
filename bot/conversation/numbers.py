"""Number expressions with their places: 50w, 五十万, 三成半, 1分12, 1:3, 8到12单, 一百来块.

A token says what was written; which fact it belongs to, and what a bare 35 means there, is decided later.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.conversation.text import any_of, data

# Kinds: plain, weak (one Chinese digit without a unit), money, rate, seconds, points, hours, days, count,
# ratio (1:3), period (每天: a stretch of time without a number), nothing (5折: no fact takes it).
_ARABIC = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_DIGITS = "零一二两三四五六七八九"
# "八万一年": the 一 belongs to the year.
_RUN = f"[{_DIGITS}十百千万亿〇]"
_CHINESE = (
    rf"(?:{_RUN}{{2,}}(?:(?<![万千百亿]一)|(?!\s?(?:个|年|天|周|季|单|场|次)))|{_RUN})(?:点[{_DIGITS}]+)?"
)
_SMALLER = {"亿": "千万", "万": "千", "千": "百", "百": "十"}


@dataclass(frozen=True, slots=True)
class Number:
    """One number expression. `low` ≤ `high` differ for a range; `value` is the one said, or the low end."""

    start: int
    end: int
    kind: str
    value: float
    high: float | None = None
    about: bool = False
    scaled: bool = False  # written with 万, k …: no rate, no seconds
    unit: str = ""
    parts: tuple[float, float] | None = None  # of 1:3
    was: float | None = None  # of "从120万到75万" the earlier value


@functools.lru_cache(4096)
def chinese(numeral: str) -> float | None:
    """A Chinese numeral as people write it (一千五 is 1,500), or None."""
    numeral = numeral.replace("两", "二").replace("〇", "零")
    if not numeral or len(numeral) > 16 or numeral[0] in "百千万亿":
        return None
    if len(numeral) > 2 and numeral[-1] in _DIGITS and (small := _SMALLER.get(numeral[-2])):
        numeral += small
    elif len(numeral) == 3 and numeral[1] in _SMALLER and numeral[-1] in _DIGITS:
        numeral += _SMALLER[numeral[1]]
    import cn2an  # a quarter of a second, which the prompt need not wait for

    try:
        return float(cn2an.cn2an(numeral, "smart"))
    except (ValueError, KeyError, IndexError, OverflowError):
        return None


def _number(written: str) -> float | None:
    if written[0].isascii():
        return float(written.replace(",", "")) if len(written) <= 20 else None
    return chinese(written)


@functools.cache
def _units() -> dict[str, tuple[str, float]]:
    return {
        word: (kind, size) for kind, words in data("units")["units"].items() for word, size in words.items()
    }


@functools.cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    d = data("units")
    units = _units()
    n = rf"(?:{_ARABIC}|{_CHINESE})"
    mags = any_of(d["magnitudes"])
    more = any_of(d["more_or_less"])
    after = any_of(d["about_after"])
    lasting = any_of(u for u, (kind, _) in units.items() if kind in {"days", "hours", "seconds"})
    pattern = rf"""
      (?P<ordinal>第\s*{n}) | (?P<phone>(?<!\d)\d{{11,}}(?!\d)) | (?P<iso>20\d\d[-/.]\d\d?[-/.]\d\d?)
    | (?P<date>(?:(?P<year>20\d\d)\s?年\s?)?(?P<month>\d\d?|[十{_DIGITS}]{{1,2}})\s?月(?:的)?
        (?P<day>\d\d?|[十{_DIGITS}]{{1,3}})\s?[号日])
    | (?P<weekday>(?P<week>下下|下|这|本)个?(?:周|星期|礼拜)(?P<nth>[一二三四五六日天])
        (?!\s?(?:条|场|次|单|个|天|小时)))
    | (?P<period>{any_of(d["periods"])})
    | (?P<share>(?P<of>{n})\s?分之\s?(?P<part>{n}))
    | (?P<vague>(?:好?几|数|上)[十百千万亿]+)
    | (?P<mmss>(?P<mm>{n})\s?(?:m|min|分钟?|'|′)\s?
        (?P<ss>\d{{1,2}}(?!\d|\s?[%:点])|[{_DIGITS}十]{{1,3}}|半)\s?(?:s(?![a-z])|秒|sec)?)
    | (?P<colon>(?P<a>\d+(?:\.\d+)?|[{_DIGITS}])\s?(?::|比|(?<=\b1\ )to\ )\s?
        (?P<b>\d+(?:\.\d+)?|[{_DIGITS}](?:点[{_DIGITS}]+)?)(?![:\d]))
    | (?P<half>(?<![{_DIGITS}\d])(?:一半|对半|half\ of|half(?!\ an?\ )))
    | (?P<halfunit>(?:(?P<hn>{n})\s?个)?半\s?(?:个)?(?P<hu>小时|月|{lasting}))
    | (?P<pair>(?P<p1>[{_DIGITS}])(?P<p2>[二三四五六七八九])
        (?P<ps>[十百千万亿]+|(?=\s?(?:个|单|件|天|块|%|成|秒|条|人|场|家|款)))
        \s?(?P<punit>{any_of(units)})?)
    | (?P<sign>(?<![\d\w%)])-)?(?:[¥$]\s?)?(?P<n>{n})\s?(?P<more1>{more})?\s?(?:(?:个\s?)?(?P<mag>{mags}))?
      (?(mag)(?:(?P<more2>{more})
        |(?P<tail>[1-9二两三四五六七八九](?![\d{_DIGITS}.十万%:]|个?(?:点|月|年|天|周|季|单|成)))
         (?P<tailmag>[千百])?)?|)
      (?!\s粉)\s?(?P<unit>{any_of(units)})?
      (?P<and>(?<=成|块|点|年|月)(?:半|[1-9{_DIGITS}](?![\d{_DIGITS}.万千百w%个])))?\s?(?P<after>{after})?
    """
    before = re.compile(rf"(?:{any_of(d['about_before'])})\s?$")
    # "200万一年" and "二十分" hold no 万一 and no 十分, but "1000千川" holds 千川.
    after_any = [w for w in d["not_numbers"] if w[0] in "千百"] + d["not_units"]
    others = [w for w in d["not_numbers"] if w[0] not in "千百"] + [str(w) for w in d["festivals"]]
    protected = re.compile(
        rf"{any_of(after_any)}|(?<![\d{_DIGITS}十百千])(?:{any_of(others)})(?<!一点(?=[{_DIGITS}]))"
    )
    return re.compile(pattern, re.VERBOSE), before, protected


def is_unit(word: str) -> bool:
    """Whether a word counts something itself (粉, orders)."""
    return word in _units() or word in data("units")["periods"]


def protected_spans(text: str) -> list[tuple[int, int]]:
    """Places whose digits are no numbers: 千川, 一直, 双11, 618."""
    return [m.span() for m in _patterns()[2].finditer(text)]


def _blank(text: str, spans: Sequence[tuple[int, int]]) -> str:
    chars = list(text)
    for start, end in spans:
        chars[start:end] = "\ue8ff" * (end - start)
    return "".join(chars)


def numbers(text: str, words: Sequence[tuple[int, int]] = (), today: dt.date = dt.date.min) -> list[Number]:
    """The number expressions of a normalised text, in order; `words` are places that hold none.

    A day without a year (11月9号) is the next one from `today`, a weekday (下周三) that of the week named;
    without `today` neither is a number.
    """
    text = _blank(text, [*protected_spans(text), *words])
    pattern, before, _ = _patterns()
    found: list[Number] = []
    for m in pattern.finditer(text):
        token = _date(m, today) if m["iso"] or m["date"] or m["weekday"] else _token(m)
        if token is not None:
            about = token.about or bool(before.search(text, max(0, token.start - 4), token.start))
            found.append(replace(token, about=about))
    return _ranges(text, found)


def _date(m: re.Match[str], today: dt.date) -> Number | None:
    """A day of the calendar, as ISO text in `unit`; None where there is none such."""
    start, end = m.span()
    try:
        if m["iso"]:
            day = dt.date(*map(int, re.split(r"[-/.]", m["iso"])))
        elif m["year"]:
            day = dt.date(int(m["year"]), int(_number(m["month"]) or 0), int(_number(m["day"]) or 0))
        elif today == dt.date.min:
            return None
        elif m["weekday"]:
            weeks = {"下下": 2, "下": 1}.get(m["week"], 0)
            monday = today - dt.timedelta(days=today.weekday())
            day = monday + dt.timedelta(days=7 * weeks + "一二三四五六日天".index(m["nth"]) % 7)
        else:
            day = today.replace(month=int(_number(m["month"]) or 0), day=int(_number(m["day"]) or 0))
            day = day if day >= today else day.replace(year=day.year + 1)
    except ValueError:
        return None
    return Number(start, end, "date", 0, unit=day.isoformat())


def _token(m: re.Match[str]) -> Number | None:
    start, end = m.span()
    written = m[0]
    start += len(written) - len(written.lstrip())
    end -= len(written) - len(written.rstrip())
    if m["ordinal"] or m["phone"] or m["vague"]:
        return None
    if m["period"]:
        days = data("units")["periods"][re.sub(r"\s+", " ", m["period"])]
        return Number(start, end, "period", days)
    if m["share"]:
        of, part = _of(m["of"]), _number(m["part"])
        return Number(start, end, "rate", part / of) if of and part is not None else None
    if m["mmss"]:
        minutes, rest = _number(m["mm"]), m["ss"]
        seconds = 30.0 if rest == "半" else _number(rest)
        return (
            None
            if minutes is None or seconds is None
            else Number(start, end, "seconds", minutes * 60 + seconds)
        )
    if m["colon"]:
        a, b = _number(m["a"]), _number(m["b"])
        if a == 0 and b is not None:
            return Number(start, end, "seconds", b)  # 0:47
        return Number(start, end, "ratio", b / a, parts=(a, b)) if a and b is not None else None
    if m["half"]:
        return Number(start, end, "rate", 0.5)
    if m["halfunit"]:
        kind, size = _units()["个" + m["hu"]] if m["hu"] == "月" else _units()[m["hu"]]
        return Number(start, end, kind, size * (((m["hn"] and _number(m["hn"])) or 0) + 0.5), unit=m["hu"])
    if m["pair"]:
        return _pair(m, start, end)
    return _amount(m, start, end)


def _pair(m: re.Match[str], start: int, end: int) -> Number | None:
    """三四十单: from 30 to 40."""
    low, high = _number(m["p1"] + m["ps"]), _number(m["p2"] + m["ps"])
    if low is None or high is None or low >= high:
        return None
    kind, size = _units().get(m["punit"] or "", ("plain", 1.0))
    scaled = m["ps"][-1:] in {"万", "亿"}
    return Number(start, end, kind, low * size, high * size, True, scaled, m["punit"] or "")


def _of(written: str) -> float | None:
    return {"百": 100.0, "千": 1000.0, "万": 10000.0}.get(written) or _number(written)


def _amount(m: re.Match[str], start: int, end: int) -> Number | None:
    value = _number(m["n"])
    if value is None:
        return None
    written, unit, mag = m["n"], m["unit"] or "", m["mag"]
    scaled = bool(mag) or written[-1] in "万亿"
    if mag:
        size = data("units")["magnitudes"][mag]
        value *= size
        if m["tail"] and (tail := _number(m["tail"])) is not None:
            value += tail * ({"千": 1000, "百": 100}.get(m["tailmag"] or "") or size / 10)
    kind, factor = _units().get(unit, ("plain", 1.0))
    if m["and"]:
        value += 0.5 if m["and"] == "半" else (_number(m["and"]) or 0) / 10
    value *= factor
    if m["sign"]:
        value = -value
    if kind == "plain" and not mag and written in _DIGITS:
        kind = "weak"
    about = bool(m["more1"] or m["more2"] or m["after"])
    return Number(start, end, kind, round(value, 10), about=about, scaled=scaled, unit=unit)


_RANGE = re.compile(r"\s?(?:到|至|-|~|—|–|--|\.\.\.?|to|和)\s?")
_FROM = re.compile(r"(?:从|由|自|from)[^,,。;;!!??\n]{0,8}$")
_TO = re.compile(
    r"\s?(?:->|→|=>|>|(?:提|升|降|跌|掉|涨|拉|做|变|改|加|减|增长?|下滑|提高|提升|下降|上升|下跌|缩水?|砍)[高升]?(?:到了?|成了?|至|为)|变成了?|谈到了?|压到了?|讲到了?|砍到了?|翻倍到?了?|翻到了?|到了?|to)\s?"
)


def _ranges(text: str, found: list[Number]) -> list[Number]:
    """Join "8到12单" into one token; of "从28到52" keep the later value alone."""
    out: list[Number] = []
    for token in found:
        last = out[-1] if out else None
        if last is None or last.high is not None or {token.kind, last.kind} & {"period", "date"}:
            out.append(token)
            continue
        between = text[last.end : token.start]
        like = last.kind == token.kind or last.kind in {"plain", "weak"}
        if token.kind in {"plain", "weak"} and not like and _TO.fullmatch(between):
            token, like = _same_unit(last, token), True
        moved = like and (
            (_TO.fullmatch(between) and not _RANGE.fullmatch(between))
            or (_RANGE.fullmatch(between) and "和" not in between and _FROM.search(text[: last.start][-12:]))
        )
        if moved:
            out[-1] = replace(token, start=last.start, was=last.value)
        elif like and between.strip() not in {"和", "to"} and _RANGE.fullmatch(between):
            out[-1] = _range(last, token)
        else:
            out.append(token)
    return out


def _same_unit(last: Number, token: Number) -> Number:
    """ "从28秒提到52": the later number has the unit of the earlier."""
    size = 0.01 if last.unit.startswith("百分") else _units().get(last.unit, ("", 1.0))[1]
    size = 0.01 if last.kind == "rate" and not last.unit else size
    return replace(token, kind=last.kind, value=round(token.value * size, 10), unit=last.unit)


def _range(low: Number, high: Number) -> Number:
    value = low.value
    if low.kind in {"plain", "weak"} and not low.scaled:
        if high.scaled:
            value *= 10 ** _zeros(high)
        value *= _units().get(high.unit, ("", 1.0))[1]
    value, top = sorted((round(value, 10), high.value))
    return replace(high, start=low.start, value=value, high=top, about=low.about or high.about)


def _zeros(token: Number) -> int:
    # "30~50万": the first number shares the 万 of the second.
    return 8 if token.value >= 1e8 else 4 if token.value >= 1e4 else 3
