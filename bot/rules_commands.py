"""`rules list | show | search | diff`: the catalogue for the people who keep it, Chinese first."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import rules_prose
from bot.errors import BotError
from bot.lines import put
from bot.options import Json, Overrides
from bot.settings import load_settings
from knowledge.load import HANDBOOK, load_passages, load_sources
from rules.describe import Describer, cases_of
from rules.facts import DATA
from rules.find import differences
from rules.find import search as find
from rules.load import load
from rules.model import RuleBase

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="规则目录:列、看、找、比")
_KINDS = {"parameter": "参数", "rule": "规则", "wording": "结论的话", "step": "下一步", "fact": "事实",
          "number": "推导数", "conclusion": "结论"}  # fmt: skip
_CHANGES = {"added": "新增", "removed": "去掉", "changed": "改了"}


def _base(overrides: Path | None, data: Path = DATA) -> RuleBase:
    return load(data, load_settings(overrides).overrides)


@app.command("list")
def list_(
    decision: Annotated[str | None, typer.Option(help="只看一类,像 D4")] = None,
    source: Annotated[
        str | None, typer.Option(help="只看一种来源:seed 原始资料,public 公开来源,default 默认值")
    ] = None,
    level: Annotated[int | None, typer.Option(min=1, max=6, help="只看一级,1 最先")] = None,
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """全部规则,按要拿的主意(D1–D18)分,说明各级别的意思。"""
    base = _base(overrides)
    describer = Describer(base)
    chosen = [
        r
        for r in base.rules.values()
        if decision in {None, r.decision}
        and source in {None, r.rule.source}
        and level in {None, r.rule.level}
    ]
    if json_:
        for rule in chosen:
            put(describer.short(rule))
        return
    print("\n".join(rules_prose.listed(chosen)))


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="规则号 PT-06,或它的一支 PT-06.hold")],
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """一条规则:什么时候成立、结论、接着做什么、用到哪些线。"""
    base = _base(overrides)
    wanted = id_.strip()
    chosen = [r for r in base.rules.values() if wanted.upper() == r.rule.number]
    chosen = [r for r in base.rules.values() if wanted.lower() == r.id.lower()] if "." in wanted else chosen
    if not chosen:
        close = difflib.get_close_matches(wanted.upper(), base.rules, n=1, cutoff=0.5)
        raise BotError(
            f"没有规则 {wanted};" + (f"最接近的是 {close[0]}" if close else "rules list 能看到全部")
        )
    describer, cases = Describer(base), cases_of()
    for number, rule in enumerate(chosen):
        told = describer.whole(rule, cases.get(rule.id, []))
        told["passage"] = {"passage": rule.rule.passage, "title": _titles().get(rule.rule.passage)}
        told["ref"] = [_source(r) for r in rule.rule.ref]
        if json_:
            put(told)
        else:
            print(("\n" if number else "") + rules_prose.whole(told, rule, describer))


def _titles() -> dict[str, str]:
    return {p.id: p.title for p in load_passages(HANDBOOK)}


def _source(id_: str) -> dict[str, Any]:
    found = load_sources().get(id_)
    return {"id": id_, "title": found.title, "year": found.year} if found else {"id": id_}


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="要找的词,像 千川")],
    top: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """找规则:标题、下一步、结论、为什么、条件、参数里说到这些词的,最像的在前。"""
    base = _base(overrides)
    found = find(base, " ".join(words))
    if not json_:
        print("\n".join(rules_prose.found(found, top)))
        return
    for rule, score, place in found[:top]:
        put({**Describer(base).short(rule), "score": round(score, 3), "found_in": place})


@app.command()
def diff(
    old: Annotated[Path | None, typer.Argument(help="an older folder of rule data")] = None,
    new: Annotated[Path | None, typer.Argument(help="the newer folder; else the data as installed")] = None,
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """What differs: two data folders, or the operator's file against the defaults."""
    before = load(_folder(old))
    found = differences(before, _base(overrides, _folder(new)))
    for one in found:
        put(one) if json_ else print(_change(one))
    if not found and not json_:
        print("没有差别。")


def _folder(given: Path | None) -> Path:
    if given is not None and not given.is_dir():
        raise BotError(f"没有文件夹 {given};应是一份规则数据(里面有 catalog、parameters …)")
    return given or DATA


def _change(one: dict[str, Any]) -> str:
    head = f"{_KINDS[one['kind']]} {one['id']}({one['title']}):{_CHANGES[one['change']]}"
    out = [head] + [f"  {f}:{_said(v['from'])} → {_said(v['to'])}" for f, v in one["fields"].items()]
    if by := one.get("by"):
        out.append(f"  已改:{by['by']} {by['on']},{by['why']}")
    if one.get("rules"):
        out.append(f"  用到它的规则:{'、'.join(one['rules'])}")
    elif one["kind"] == "parameter":
        out.append("  没有规则直接比它;它在推导数里")
    return "\n".join(out)


def _said(value: Any) -> str:
    return (
        "无"
        if value is None
        else json.dumps(value, ensure_ascii=False)
        if not isinstance(value, str)
        else value
    )
