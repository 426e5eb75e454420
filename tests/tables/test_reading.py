"""Tables as people keep them: what is read from them, whatever their heads, units, encodings and mess."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from bot.tables.heads import column
from rules.model import RuleBase
from tests.tables.conftest import Told, write_csv, write_xlsx

HEADS = {
    "支付GMV": "gmv_30d",
    "近30天GMV(万)": "gmv_30d",
    "月销": "gmv_30d",
    "上月成交额": "gmv_prev_30d",
    "退货率": "refund_rate",
    "退货率%": "refund_rate",
    "直播间停留(秒)": "stay_seconds",
    "场观": "views_session",
    "千川ROI": "ad_roi_pay",
    "日耗": "ad_spend_per_day",
    "达人占比": "creator_gmv_share",
    "头号达人占比": "creator_top1_share",
    "kol_top1_share": "creator_top1_share",
    "stay_s": "stay_seconds",
    "gmv_30d": "gmv_30d",
    "Monthly GMV": "gmv_30d",
    "Refund_Rate(%)": "refund_rate",
    "客户类型": "client_kind",
    "主营类目": "category",
    "是否有投诉": "complaint_flag",
    "距大促天数": "days_to_campaign",
    "退款金额": "refunded_gmv",
    "开播天数(30天)": "live_days_30d",
}


@pytest.mark.parametrize(("head", "fact"), HEADS.items())
def test_heads_name_facts(base: RuleBase, head: str, fact: str) -> None:
    assert column(0, head, base.facts).facts[0] == fact


def test_every_fact_is_named_by_its_own_name_and_title(base: RuleBase) -> None:
    lost = [n for n, f in base.facts.items() if n != "role" and n not in column(0, f.name, base.facts).facts]
    assert lost == []


@pytest.mark.parametrize("head", ["负责人", "联系电话", "上月退货率", "日均GMV", "女装占比"])
def test_what_is_not_understood_is_no_fact(base: RuleBase, head: str) -> None:
    assert column(0, head, base.facts).kind == ""


CELLS: list[tuple[str, Any, str, Any]] = [
    ("近30天GMV(万)", "82", "gmv_30d", 820000),
    ("近30天GMV(万)", "82万", "gmv_30d", 820000),
    ("月销", "1,234,567.89", "gmv_30d", 1234567.89),
    ("月销", "¥35万", "gmv_30d", 350000),
    ("月销", "12w", "gmv_30d", 120000),
    ("月销", "1.2亿", "gmv_30d", 120000000),
    ("月销", "800k", "gmv_30d", 800000),
    ("月销", "五十万", "gmv_30d", 500000),
    ("月销", "约30万", "gmv_30d", 300000),
    ("月销", "30-50万", "gmv_30d", 300000),
    ("月销", "1.2E+06", "gmv_30d", 1200000),
    ("日耗", "500-800", "ad_spend_per_day", 800),
    ("退货率", "35%", "refund_rate", 0.35),
    ("退货率(%)", "35", "refund_rate", 0.35),
    ("退货率", "三成半", "refund_rate", 0.35),
    ("退货率", "0.35", "refund_rate", 0.35),
    ("refund_rate", "0.35", "refund_rate", 0.35),
    ("停留", "1分12", "stay_seconds", 72),
    ("停留(秒)", "45", "stay_seconds", 45),
    ("ROI", "1:3", "ad_roi_pay", 3),
    ("体验分", "4.5", "shop_score", 90),
    ("类目", "女装", "category", "apparel"),
    ("类目", "服饰内衣", "category", "apparel"),
    ("客户类型", "源头工厂", "client_kind", "factory"),
    ("客户类型", "贸易", "client_kind", "trader"),
    ("阶段", "成长期", "stage_claimed", "growth"),
    ("差评投诉", "√", "complaint_flag", True),
    ("违规", "无", "penalty_flag", False),
    ("有主播", "×", "has_host", False),
    ("主播", "2人", "hosts", 2),
    ("大促日期", "12月12日", "campaign_date", "2026-12-12"),
    ("大促日期", "双12", "campaign_date", "2026-12-12"),
    ("库存", "1200件", "hero_stock_units", 1200),
    ("库存", "5天", "hero_stock_days", 5),
    ("团队", "编导、投手", "team", ["content", "ads"]),
    ("备注", "差评投诉集中", "complaint_flag", True),
    ("备注", "双11还有8天", "days_to_campaign", 8),
]


@pytest.mark.parametrize(("head", "value", "fact", "expected"), CELLS)
def test_cells_are_read(
    told: Told, tmp_path: Path, head: str, value: str, fact: str, expected: object
) -> None:
    other = ["毛利率", "50%"] if head != "毛利率" else ["客单价", "99"]
    (row,) = told(write_csv(tmp_path / "t.csv", [["客户", head, other[0]], ["甲", value, other[1]]]))
    assert row["facts"][fact] == expected


@pytest.mark.parametrize("mark", ["", "-", "/", "无", "N/A", "未知", "#DIV/0!", "——"])
def test_marks_of_absence_are_no_values(told: Told, tmp_path: Path, mark: str) -> None:
    (row,) = told(write_csv(tmp_path / "t.csv", [["客户", "月销", "退货率"], ["甲", mark, "35%"]]))
    assert "gmv_30d" not in row["facts"]
    assert {"fact": "gmv_30d", "value": mark, "reason": "missing"} in row["check"]
    assert row["question"]["fact"] == "gmv_30d"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_encodings_and_separators(told: Told, tmp_path: Path, encoding: str, mark: str) -> None:
    rows = [["客户", "类目", "月销", "备注"], ["橙子家居", "家居", "30万", "差评投诉集中"]]
    (row,) = told(write_csv(tmp_path / "t.csv", rows, encoding, mark))
    assert row["name"] == "橙子家居"
    assert row["facts"] == {"category": "home", "gmv_30d": 300000, "complaint_flag": True}


def test_titles_units_blank_lines_totals_and_footnotes(told: Told, tmp_path: Path) -> None:
    rows = [["2026年11月客户盘点"], ["单位:万元"], [], ["序号", "店铺", "月销", "客单价"],
            ["1", "甲", "82", "99"], [],
            ["序号", "店铺", "月销", "客单价"], ["2", "乙", "5万元", "59"], ["3", "", "", ""],
            ["合计", "", "87"],
            ["注:数据来自罗盘"]]  # fmt: skip
    found = {r["row"]: r["facts"] for r in told(write_csv(tmp_path / "t.csv", rows))}
    assert found == {5: {"gmv_30d": 820000, "aov": 99}, 8: {"gmv_30d": 50000, "aov": 59}}


def test_merged_titles_two_rows_of_heads_and_percent_formats(told: Told, tmp_path: Path) -> None:
    rows = [["客户盘点"], ["店铺", "本月", None, "上月", None, "备注"],
            [None, "GMV", "退货率", "GMV", "退货率", None],
            ["甲", 1250000, 0.48, 1600000, 0.4, ""], ["乙", 42000, 1.2, 50000, 0.4, ""]]  # fmt: skip
    shown = {f"{c}{r}": "0.0%" for c in "CE" for r in (4, 5)}
    first, second = told(write_xlsx(tmp_path / "t.xlsx", {"一": rows}, shown))
    assert first["facts"] == {"gmv_30d": 1250000, "gmv_prev_30d": 1600000, "refund_rate": 0.48}
    assert second["facts"] == {"gmv_30d": 42000, "gmv_prev_30d": 50000}
    assert second["check"] == [{"fact": "refund_rate", "value": "120%", "reason": "above_one"}]


def test_per_cent_is_told_from_shares_by_the_column(told: Told, tmp_path: Path) -> None:
    def read(*values: str) -> list[object]:
        rows = [["客户", "点击成交率"], *([f"客户{i}", v] for i, v in enumerate(values))]
        found = {r["row"]: r["facts"].get("cvr_click") for r in told(write_csv(tmp_path / "t.csv", rows))}
        return [found[i] for i in sorted(found)]

    assert read("2.1", "0.8", "3") == [0.021, 0.008, 0.03]
    assert read("0.02", "0.1", "0.05") == [0.02, 0.1, 0.05]
    assert read("0.2", "0.3", "0.5", "1.2") == [0.2, 0.3, 0.5, None]
    assert read("35", "55", "0.4") == [0.35, 0.55, 0.4]


@pytest.mark.parametrize(
    ("growth", "before"), [("-25%", 1000000), ("↓25%", 1000000), ("跌了25%", 1000000), ("+50%", 500000)]
)
def test_growth_gives_the_month_before(told: Told, tmp_path: Path, growth: str, before: int) -> None:
    (row,) = told(write_csv(tmp_path / "t.csv", [["客户", "月销", "环比"], ["甲", "75万", growth]]))
    assert row["facts"]["gmv_prev_30d"] == before


def test_months_as_heads(told: Told, tmp_path: Path) -> None:
    rows = [["店铺", "11月GMV", "12月GMV", "1月GMV"], ["甲", "1万", "2万", "3万"]]
    (row,) = told(write_csv(tmp_path / "t.csv", rows))
    assert row["facts"] == {"gmv_30d": 30000, "gmv_prev_30d": 20000}


def test_sheets_that_are_no_tables_are_left(base: RuleBase, told: Told, tmp_path: Path) -> None:
    sheets = {
        "说明": [["本表每周一更新"]],
        "女装": [["店铺", "GMV"], ["甲", 1]],
        "美妆": [["店铺名", "月销"], ["乙", 2]],
    }
    rows = told(write_xlsx(tmp_path / "t.xlsx", sheets))
    assert [(r["sheet"], r["row"], r["name"]) for r in rows] == [("美妆", 2, "乙"), ("女装", 2, "甲")]


def test_dates_times_and_truths_of_excel(told: Told, tmp_path: Path) -> None:
    rows = [["店铺", "停留", "大促日期", "有主播", "GMV"],
            ["甲", dt.time(1, 12), dt.date(2026, 12, 1), False, 5]]  # fmt: skip
    (row,) = told(write_xlsx(tmp_path / "t.xlsx", {"一": rows}))
    assert row["facts"] == {
        "stay_seconds": 72,
        "campaign_date": "2026-12-01",
        "has_host": False,
        "gmv_30d": 5,
    }
    assert row["input"]["大促日期"] == "2026-12-01"


def test_the_same_head_twice_is_a_contradiction_where_it_differs(told: Told, tmp_path: Path) -> None:
    rows = [["客户", "GMV", "GMV"], ["甲", "80万", "80万"], ["乙", "80万", "90万"]]
    same, differs = told(write_csv(tmp_path / "t.csv", rows))
    assert same["facts"] == {"gmv_30d": 800000}
    assert "gmv_30d" not in differs["facts"]
    assert [(c["value"], c["reason"]) for c in differs["check"]] == [
        ("80万", "contradictory"),
        ("90万", "contradictory"),
    ]
    assert set(differs["input"]) == {"客户", "GMV", "GMV(2)"}


def test_columns_count_before_notes(told: Told, tmp_path: Path) -> None:
    (row,) = told(
        write_csv(tmp_path / "t.csv", [["客户", "退货率", "备注"], ["甲", "30%", "退货率50%,转化率120%"]])
    )
    assert row["facts"] == {"refund_rate": 0.3}
    assert {(c["fact"], c["value"], c["reason"]) for c in row["check"]} >= {
        ("refund_rate", 0.5, "note_differs"),
        ("cvr_view", "120%", "above_one"),
    }


def test_the_same_client_twice_is_marked(told: Told, tmp_path: Path) -> None:
    rows = told(write_csv(tmp_path / "t.csv", [["客户", "GMV"], ["甲", "9万"], ["甲", "8万"]]))
    assert [r["check"] for r in rows] == [
        [],
        [{"fact": "name", "value": "甲", "reason": "duplicate_row", "rows": [2]}],
    ]
