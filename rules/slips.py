"""What a person mistyped in one entry of an override file, and the entry as it was meant.

An entry has few fields with known names, so that it can be read past full-width signs, missing spaces, commas
and braces. What is guessed here is only shown: nothing is loaded from a mistyped line.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field

from rules.errors import phrase, sentences

FIELDS = ("value", "by_category", "why", "by", "on")
_OPEN, _CLOSE = "{\uff5b(\uff08[\u3010", "}\uff5d)\uff09]\u3011"
_SEPARATORS = ",\uff0c\u3001;\uff1b"
_QUOTES = "\"'\u201c\u201d\u2018\u2019"
_HEAD = re.compile(
    rf"^(?P<indent>\s*)(?P<dash>-\s*)?[{_QUOTES}]?(?P<id>[^\s:\uff1a=\uff5b{{{_QUOTES}]+)[{_QUOTES}]?[ \t]*"
    rf"(?P<colon>[:\uff1a=]?)(?P<space>\s*)(?P<open>[{re.escape(_OPEN)}]?)"
)
_FIELD = re.compile(
    rf"(?<![\w.])(?P<quote>[\"']?)(?P<name>{'|'.join(sorted(FIELDS, reverse=True))})(?P=quote)[ \t]*"
    r"(?P<colon>[:\uff1a=]|(?=[ \t]+\S))(?P<space>[ \t\u3000\u00a0]*)"
)
_HARMFUL = re.compile(r"[,\[\]{}]|:(?=\s|$)|(?<=\s)#|^[@%`&*!|>?\"']")
_UNITS = re.compile(r"(元|块|天|秒|次|个|场|倍|件|单|分钟|小时|月|人|分|条|款|点|项|%)+$")


@dataclass
class Typed:
    """An entry as a person typed it: the words of its fields, and what was wrong with the typing.

    `line` counts from the entry's own first line to the first slip; `rest` is what follows its name.
    """

    id: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    line: int = 0
    rest: str = ""
    found: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    at: int = 0

    def slip(self, code: str, where: str = "", found: str = "") -> None:
        """One slip at the line being read: its code, the field it is at and the character at stake."""
        if not self.found:
            self.line = self.at
        places = self.found.setdefault((code, found), [])
        if where not in places:
            places.append(where)

    @property
    def slips(self) -> str:
        """The slips as a sentence, those of one kind together."""
        return ",".join(
            str(sentences()["slips"][code]).format(at="、".join(f"“{w}”" for w in places), found=found)
            for (code, found), places in self.found.items()
        )

    def mended(self) -> str:
        """The entry on one line, with a word for what is missing."""
        value = {f: self.fields[f] for f in ("value", "by_category") if f in self.fields}
        said = {f: self.fields.get(f) or phrase(f"say.{f}") for f in ("why", "by", "on")}
        texts = {f: f'"{w}"' if f != "on" and _HARMFUL.search(w) else w for f, w in said.items()}
        inside = ", ".join(f"{f}: {w}" for f, w in (value | texts).items())
        return f"{self.id}: {{{inside}}}"


def read(text: str) -> Typed:
    """One entry, read past what was mistyped."""
    out = Typed()
    text = re.sub(r"([}\uff5d])\s*#[^\n]*", r"\1", text).rstrip()
    head = _HEAD.match(text)
    if head is None:
        return out
    out.id, out.rest = head["id"], text[head.end("colon") :].strip()
    if head["dash"] or head["indent"]:
        out.slip("dash" if head["dash"] else "indented")
    body = text[head.end() :]
    found = _fields(body)
    before = head["space"] + (body[: found[0].start()] if found else "")
    flow = bool(head["open"]) or bool(found and "\n" not in before)
    _colon(out, head["id"], head["colon"], head["space"], text[head.end("colon") :])
    if flow and head["open"] != "{":
        out.slip("brace" if head["open"] else "no_open", head["id"], head["open"])
    for number, one in enumerate(found):
        following = found[number + 1] if number + 1 < len(found) else None
        out.at = text[: head.end() + one.start()].count("\n")
        if not flow and body[: one.start()].rsplit("\n", 1)[-1] == "" and before[-1:] == "\n":
            out.slip("not_indented")
        _colon(out, one["name"], one["colon"], one["space"], body[one.end("colon") :])
        raw = body[one.end() : following.start() if following else len(body)]
        if one["name"] in out.fields:
            out.slip("repeated", one["name"])
            continue
        _take(out, one["name"], raw, flow, following["name"] if following else None, head["open"])
    if "\t" in text:
        out.at = text[: text.index("\t")].count("\n")
        out.slip("tab")
    for name in ("why", "by", "on") if found and out.found else ():
        if name not in out.fields:
            out.slip("left_out", name)
    return out


def _fields(body: str) -> list[re.Match[str]]:
    """Where each field begins: its name with a colon, or without one after a comma, brace or line."""
    out: list[re.Match[str]] = []
    for one in _FIELD.finditer(body):
        before = body[: one.start()].rstrip(" \t")[-1:]
        if one["colon"] or before in {"", "\n", *_OPEN, *_SEPARATORS}:
            out.append(one)
    return out


def _colon(out: Typed, after: str, colon: str, space: str, rest: str) -> None:
    if colon == ":":
        if {"\u3000", "\u00a0"} & set(space):
            out.slip("wide_space", after)
        elif not space and rest[:1] not in {"", "\n"}:
            out.slip("no_space", after)
    elif colon == "=":
        out.slip("equals", after)
    elif colon:
        out.slip("colon", after, colon)
    else:
        out.slip("no_colon", after)


def _take(out: Typed, name: str, raw: str, flow: bool, following: str | None, opened: str) -> None:
    """The words of one field, without what ends it."""
    words = " ".join(raw.split())
    if following:
        separator = words[-1:] if words[-1:] and words[-1:] in _SEPARATORS else ""
        words = words[: len(words) - len(separator)].rstrip()
        if flow and separator != ",":
            out.slip("separator" if separator else "no_separator", following, separator)
        elif separator and not flow:
            out.slip("extra_separator", name, separator)
    elif flow:
        words = _closed(out, words, opened)
    words = words.strip()
    if name in {"why", "by"}:
        words = _sentence(out, name, words, flow)
    elif name == "on":
        meant = meant_date(words)
        if meant is None:
            out.slip("no_date", name, words)
        words = _said(out, name, words, meant) if meant else phrase("say.on")
    elif name == "value" and not words.startswith("{"):
        number = meant_number(words)
        words = _said(out, name, words, None if number is None else f"{number:.12g}")
    else:
        words = unicodedata.normalize("NFKC", words).replace("、", ", ")
    out.fields[name] = words


def _closed(out: Typed, words: str, opened: str) -> str:
    """Without the braces that end the entry."""
    ends = "}\uff5d" + (_CLOSE[_OPEN.index(opened)] if opened else "")
    count = 0
    while words and words[-1] in ends and words.count("{") < sum(words.count(e) for e in set(ends)):
        if words[-1] != "}":
            out.slip("brace", "", words[-1])
        words, count = words[:-1].rstrip(), count + 1
    if count != 1:
        out.slip("many_close" if count else "no_close")
    return words.rstrip(_SEPARATORS)


def _sentence(out: Typed, name: str, words: str, flow: bool) -> str:
    """A why or by; its quotes are taken off, the mended line sets them where they are needed."""
    if words[:1] in {'"', "'"}:
        if len(words) < 2 or words[-1] != words[0] or words[0] in words[1:-1]:
            out.slip("quote", name)
    elif (found := _HARMFUL.search(words)) and (flow or found[0] not in ",[]{}"):
        out.slip("inner", name, found[0])
    return words.strip(_QUOTES).replace('"', "'")


def _said(out: Typed, name: str, words: str, meant: str | None) -> str:
    if meant is None or words == meant or (name == "value" and _plain_number(words)):
        return words
    out.slip("written", name, words)
    return meant


def _plain_number(words: str) -> bool:
    return re.fullmatch(r"-?\d*\.?\d+", words) is not None and words.isascii()


def meant_number(words: str) -> float | None:
    """The number that words like 60%, 1万, 10,000元 or a quoted 0.6 mean."""
    text = unicodedata.normalize("NFKC", words).strip(_QUOTES + _SEPARATORS + " ").replace(" ", "")
    text = re.sub(r"(?<=\d)[,](?=\d{3}(\D|$))", "", text)
    times = 1.0
    if text.endswith("%") or text.startswith("百分之"):
        text, times = text.removesuffix("%").removeprefix("百分之"), 0.01
    text = _UNITS.sub("", text)
    for unit, factor in (("万", 1e4), ("亿", 1e8), ("成", 0.1), ("千", 1e3)):
        if text.endswith(unit):
            text, times = text.removesuffix(unit), factor
    return round(float(text) * times, 10) if re.fullmatch(r"-?(\d+\.?\d*|\.\d+)", text) else None


def meant_date(words: str) -> str | None:
    """The date that words like 2026/11/3 or 2026年11月3日 mean."""
    text = unicodedata.normalize("NFKC", words).strip(_QUOTES + _SEPARATORS + " ")
    match = re.fullmatch(r"\s*(\d{4})\D?(\d{1,2})\D?(\d{1,2})\D?\s*", text)
    try:
        return dt.date(*map(int, match.groups())).isoformat() if match else None
    except ValueError:
        return None
