"""`rules list | show | search | diff`: the catalogue for people and for programs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from rules.describe import Describer
from rules.facts import DATA
from rules.load import load
from rules.told import words
from tests.cli.running import Command, Run

OVERRIDE = "pt.cut_idx: {value: 0.7, why: 客户波动大, by: 运营主管, on: 2026-11-23}\n"


@pytest.fixture
def overrides(tmp_path: Path) -> str:
    file = tmp_path / "own.yaml"
    file.write_text(OVERRIDE, encoding="utf-8")
    return str(file)


def test_list_holds_every_rule_and_narrows(inside: Command) -> None:
    rules = load().rules
    every = inside(["rules", "list", "--json"]).answers
    assert [a["id"] for a in every] == list(rules)
    assert all(set(a) >= {"id", "rule", "decision", "level", "source", "title", "then"} for a in every)
    some = inside(
        ["rules", "list", "--json", "--decision", "D4", "--source", "public", "--level", "3"]
    ).answers
    assert {(a["decision"], a["source"], a["level"]) for a in some} == {("D4", "public", 3)}
    prose = inside(["rules", "list"])
    assert (prose.status, prose.err) == (0, "")
    assert f"共 {len(rules)} 条" in prose.out
    assert "{" not in prose.out
    for told in ("D4 付费和免费流量,加钱还是停(", "3 没有正反馈就不放大付费", "听级别数字小的"):
        assert told in prose.out
    rows = [line for line in prose.out.splitlines() if line.startswith("  ")]
    assert len({re.search(r" [1-6] 级  ", row).start() for row in rows}) == 1  # type: ignore[union-attr]


def test_every_decision_and_level_has_a_name() -> None:
    rules = load().rules.values()
    assert {r.decision for r in rules} <= set(words()["decisions"])
    assert {str(r.rule.level) for r in rules} <= set(words()["levels"])


def test_every_conclusion_and_condition_is_told_without_code() -> None:
    base = load()
    describer = Describer(base)
    for rule in base.rules.values():
        told = describer.whole(rule, [])
        said = [*told["then_zh"], *(one["zh"] for one in told["when"]), *(s["zh"] for s in told["steps"])]
        for one in said:
            plain = re.sub(r"在 \S+ 改〕", "", one)
            assert not re.search(r"[{}]|[a-z]{2,}_[a-z]|'", plain), (rule.id, one)


def test_show_tells_a_rule_with_its_numbers(inside: Command) -> None:
    prose = inside(["rules", "show", "PT-06"]).out
    for part in ("没有正反馈,不放大付费", "低于 80%", "pt.cut_idx", "默认", "2026", "HB4.4", "ST-01", "用例"):
        assert part in prose
    assert "PT-06.hold" in prose
    code = re.compile(r"[a-z]+_[a-z_]+|is |not ")
    for one in re.split(r"\n\n(?=PT-)", prose):
        sentences, _, tail = one.partition("写在:")
        said = re.sub(r"在 \S+ 改〕|编号 \S+|在 overrides.yaml 里", "", sentences)
        assert not code.search(said), code.search(said)
        assert "traffic_state is no_feedback" in tail
    both = inside(["rules", "show", "pt-06", "--json"]).answers
    assert [a["id"] for a in both] == ["PT-06", "PT-06.hold"]
    (one,) = inside(["rules", "show", "PT-06.hold", "--json"]).answers
    assert one["when"][0] == {
        "text": "traffic_state is no_feedback",
        "zh": "流量状态是“付费没有换来正反馈”",
    }
    assert one["passage"]["title"]
    assert len(one["cases"]) >= 3
    assert {"why", "steps", "parameters", "ref", "place", "note"} <= set(one)


def test_show_says_what_an_operator_changed(inside: Command, overrides: str) -> None:
    run = inside(["rules", "show", "PT-06", "--overrides", overrides])
    assert "低于 70%" in run.out
    assert "已改,运营主管 2026-11-23:客户波动大" in run.out
    (one, _) = inside(["rules", "show", "PT-06", "--json", "--overrides", overrides]).answers
    by_name = {p["parameter"]: p for p in one["parameters"]}
    assert by_name["pt.cut_idx"]["state"] == "已改"
    assert by_name["pt.cut_idx"]["value"] == 0.7
    assert by_name["pt.cut_idx"]["changed"]["by"] == "运营主管"
    assert by_name["bench.stay_seconds"]["state"] == "默认"


def test_every_rule_can_be_shown(inside: Command) -> None:
    numbers = dict.fromkeys(r.rule.number for r in load().rules.values())
    for number in list(numbers)[::25]:
        run = inside(["rules", "show", number])
        assert run.status == 0
        assert "None" not in run.out


@pytest.mark.parametrize(
    ("given", "near"), [("PT-99", "PT-"), ("PT-06.cut", "PT-06"), ("什么", "rules list")]
)
def test_an_unknown_rule_is_one_line(inside: Command, given: str, near: str) -> None:
    run = inside(["rules", "show", given])
    assert (run.status, run.out) == (2, "")
    (line,) = run.complaints
    assert given in line
    assert near in line.partition(";")[2]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["PT-06"], "PT-06"), (["pt.cut_idx"], "PT-06"), (["一天最多改几次"], "PT-06"),
        (["退款", "警戒"], "PT-25.hold"), (["refund_rate"], "PT-19"), (["日耗"], "PT-18"),
        (["什么时候请头部"], "TK-01"), (["no_feedback"], "PT-04"),
    ],
)  # fmt: skip
def test_search_looks_through_titles_reasons_facts_and_parameters(
    inside: Command, words: list[str], expected: str
) -> None:
    found = inside(["rules", "search", *words, "--top", "200", "--json"]).answers
    assert expected in {a["id"] for a in found}
    scores = [a["score"] for a in found]
    assert scores == sorted(scores, reverse=True)


def test_search_looks_in_steps_and_puts_titles_first(inside: Command) -> None:
    found = inside(["rules", "search", "千川", "--json"]).answers
    ids = [a["id"] for a in found]
    assert ids[0] == "TL-04"
    assert found[0]["found_in"] == "title"
    assert found[ids.index("PT-06")]["found_in"] == "steps"
    told = inside(["rules", "search", "千川", "--top", "3"]).out.splitlines()
    assert len(told) == 4
    assert "〔标题里有〕" in told[0]
    assert re.match(r"还有 \d+ 条,加 --top", told[-1])


def test_search_finds_nothing_politely(inside: Command) -> None:
    run = inside(["rules", "search", "蘑菇宇宙"])
    assert run.status == 0
    assert "没有找到" in run.out
    assert inside(["rules", "search", "蘑菇宇宙", "--json"]).out == ""


def test_diff_shows_the_operators_changes(inside: Command, overrides: str) -> None:
    (one,) = inside(["rules", "diff", "--overrides", overrides, "--json"]).answers
    assert (one["kind"], one["id"], one["change"]) == ("parameter", "pt.cut_idx", "changed")
    assert one["fields"] == {"value": {"from": 0.8, "to": 0.7}}
    assert one["by"] == {"why": "客户波动大", "by": "运营主管", "on": "2026-11-23"}
    assert "PT-06" in one["rules"]
    prose = inside(["rules", "diff", "--overrides", overrides]).out
    assert "0.8 → 0.7" in prose
    assert "运营主管" in prose
    assert "没有差别" in inside(["rules", "diff"]).out


def test_diff_of_two_folders(inside: Command, tmp_path: Path) -> None:
    old = shutil.copytree(DATA, tmp_path / "old")
    for name, was, now in (
        ("catalog/traffic.yaml", "title: 没投付费,是零付费状态", "title: 没花钱投"),
        ("wording/conclusions.yaml", "还在冷启动,数据不够。", "还早。"),
        ("parameters/traffic.yaml", "pt.persist:", "pt.persisted:\n  formerly: [pt.persist]"),
    ):
        path = old / name
        text = path.read_text(encoding="utf-8")
        assert was in text
        path.write_text(text.replace(was, now, 1), encoding="utf-8")
    catalog = old / "catalog/traffic.yaml"
    catalog.write_text(
        catalog.read_text(encoding="utf-8").replace("pt.persist]", "pt.persisted]"), encoding="utf-8"
    )
    found = {(a["kind"], a["id"]): a for a in inside(["rules", "diff", str(old), "--json"]).answers}
    assert found["rule", "PT-02"]["fields"]["title"] == {"from": "没花钱投", "to": "没投付费,是零付费状态"}
    assert found["wording", "traffic_state.cold_start"]["change"] == "changed"
    assert found["parameter", "pt.persist"]["change"] == "added"
    assert found["parameter", "pt.persisted"]["change"] == "removed"
    assert inside(["rules", "diff", str(old), str(old)]).out.startswith("没有差别")
    assert inside(["rules", "diff", str(tmp_path / "nowhere")]).status == 2


def test_an_old_review_is_reported(inside: Command, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(OVERRIDE.replace("2026-11-23", "2021-05-13"), encoding="utf-8")
    run = inside(["check", str(file)])
    assert run.status == 2
    assert f"{file}:1 [pt.cut_idx] 上次复核是 2021-05-13" in run.out


QUESTION = "女装,千川一天投600,停留25秒,点击成交率3%,播了20天,要不要加钱"


def _footer(run: Run) -> str:
    return run.out.strip().splitlines()[-1].removesuffix("〕").partition(" · 已改:")[2]


def test_an_answer_says_which_line_was_changed(inside: Command, overrides: str, tmp_path: Path) -> None:
    assert "用到的线是默认值,可改〕" in inside(["ask", QUESTION]).out
    changed = inside(["ask", QUESTION, "--overrides", overrides])
    assert _footer(changed) == "低于及格线几成就砍 70%(默认 80%) · 其余的线是默认值,可改"
    assert "用到的线是默认值" not in changed.out
    english = inside(["ask", "Clothing, ad spend 600 a day, stay 25 s, live for 20 days: raise the budget?",
                      "--overrides", overrides]).out  # fmt: skip
    assert "70% (default 80%)" in english


def test_of_many_changed_lines_two_are_named(inside: Command, tmp_path: Path) -> None:
    file, tail = tmp_path / "own.yaml", ", why: 试试, by: 小李, on: 2026-11-23}\n"
    lines = {"pt.cut_idx": 0.7, "pt.cut": 0.4, "pt.edits": 3, "pt.young_days": 20}
    file.write_text("".join(f"{n}: {{value: {v}{tail}" for n, v in lines.items()), encoding="utf-8")
    told = _footer(inside(["ask", QUESTION, "--overrides", str(file)])).partition(" · ")[0]
    assert told.count("(默认 ") == 2
    assert re.search(r"等 [34] 处$", told)


def test_a_row_of_another_category_is_no_change_here(inside: Command, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    row = "bench.stay_seconds: {by_category: {food: 30}, why: 试试, by: 小李, on: 2026-11-23}\n"
    file.write_text(row, encoding="utf-8")
    assert "用到的线是默认值,可改〕" in inside(["ask", QUESTION, "--overrides", str(file)]).out


@pytest.mark.parametrize(
    "args",
    [["ask", "你好"], ["decide"], ["search", "怎么留人"], ["check"], ["chat"], ["setup"],
     *(["rules", *a] for a in (["list"], ["show", "PT-06"], ["search", "停留"], ["diff"]))],
)  # fmt: skip
def test_every_command_takes_an_overrides_file(inside: Command, overrides: str, args: list[str]) -> None:
    run = inside([*args, "--overrides", overrides])
    assert run.status == 0, run.err
