"""`rules list | show | search | diff`: the catalogue for the people who keep it, Chinese first."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import BotError
from bot.lines import put
from bot.options import Json, Overrides
from bot.settings import load_settings
from knowledge.load import HANDBOOK, load_passages, load_sources
from rules.describe import SOURCES, Describer, cases_of
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
    decision: Annotated[str | None, typer.Option(help="one decision, like D4")] = None,
    source: Annotated[str | None, typer.Option(help="seed, public or default")] = None,
    level: Annotated[int | None, typer.Option(min=1, max=6)] = None,
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """All rules, by decision, with counts."""
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
    by = Counter(r.decision for r in chosen)
    for name in sorted(by, key=lambda d: (len(d), d)):
        print(f"{name}({by[name]} 条)")
        for rule in (r for r in chosen if r.decision == name):
            print(f"  {rule.id:<16}{rule.rule.level} 级 {SOURCES[rule.rule.source]}  {rule.rule.title}")
    sources = Counter(SOURCES[r.rule.source] for r in chosen)
    numbers = len({r.rule.number for r in chosen})
    told = ",".join(f"{s} {n}" for s, n in sources.most_common())
    print(f"共 {len(chosen)} 条(规则号 {numbers} 个){':' if told else ''}{told}")


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="PT-06, or one branch: PT-06.hold")],
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """One rule with all that it rests on."""
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
            print(("\n" if number else "") + _prose(told, describer))


def _titles() -> dict[str, str]:
    return {p.id: p.title for p in load_passages(HANDBOOK)}


def _source(id_: str) -> dict[str, Any]:
    found = load_sources().get(id_)
    return {"id": id_, "title": found.title, "year": found.year} if found else {"id": id_}


def _prose(told: dict[str, Any], describer: Describer) -> str:
    out = [
        f"{told['id']}  {told['title']}",
        f"{told['decision']} · {told['level']} 级 · {SOURCES[told['source']]}",
    ]
    out += [f"为什么:{told['why']}", "当:"]
    for one in told["when"]:
        out += [f"  · {one['zh']}", f"      {one['text']}"]
    out += ["就:", *(f"  · {t}" for t in told["then_zh"])]
    if told["provisional_while"]:
        out += ["先当假设,只要:", *(f"  · {t}" for t in told["provisional_while"])]
    for one in told["parameters"]:
        out.append("参数:" + _parameter(one, describer))
    out += [f"下一步 {s['id']}:{s['text'][0]}" for s in told["steps"]]
    passage = told["passage"]
    out.append(f"段落:{passage['passage']} {passage['title'] or '(还没有这一段)'}")
    for ref in told["ref"]:
        year = f"({ref['year']})" if ref.get("year") else ""
        out.append(f"来源:{ref['id']} {ref.get('title', '')}{year}")
    if told["note"]:
        out.append(f"备注:{told['note']}")
    out.append(
        f"用例 {len(told['cases'])} 个:{';'.join(told['cases'][:5])}" if told["cases"] else "用例:没有"
    )
    return "\n".join([*out, f"在 {told['place']}"])


def _parameter(one: dict[str, Any], describer: Describer) -> str:
    parameter = describer.base.parameters.all[one["parameter"]]
    value = one["value"]
    shown = "表" if isinstance(value, dict) else describer.number(parameter, value)
    changed = one.get("changed")
    who = f",{changed['by']} {changed['on']}:{changed['why']}" if changed else ""
    refs = f"({'、'.join(one['ref'])})" if one["ref"] else ""
    return (
        f"{one['parameter']} {one['title']} {shown} · {one['state']}{who} · {SOURCES[one['source']]}{refs} · "
        f"{one['reviewed']} 复核"
    )


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="title, id, fact, parameter …")],
    top: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    json_: Json = False,
    overrides: Overrides = None,
) -> None:
    """Rules that speak of the words."""
    base = _base(overrides)
    describer = Describer(base)
    found = find(base, " ".join(words))
    for rule, score in found[:top]:
        if json_:
            put({**describer.short(rule), "score": round(score, 3)})
        else:
            print(f"{rule.id:<16}{rule.rule.title}")
    if not found and not json_:
        print("没有找到;换个词,或用 rules list 看全部。")


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
