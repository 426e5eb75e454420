"""The five documents the project began with, where they lie beside the checkout: clean, and complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from knowledge.clean import has_contacts, narrow, simplified
from knowledge.documents import Document, open_document

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
FILES = sorted(SEEDS.glob("*.txt"))
pytestmark = pytest.mark.skipif(len(FILES) != 5, reason="the five documents are not part of the repository")

# Numbers and names that must all still be there, by file.
# "_" stands for a blank.
FACTS = (
    """5月13日 贝恩咨询 商品交易总额(GMV) 2021年1月 50_倍 一次性ROI 8成 TeenieWeenie 36小时 3400万
    1.8亿GMV 李子柒 2000位达人 百草味 1400_多万次 30_万 罗永浩 长尾销售 月销售额稳定破千万 Top-KOL
    木青""",
    """抖音定义的 货找人 兴趣电商 AIPL 汇流量 促转化 聚沉淀 无限增长 正反馈 冷启动
    引流款、利润款、福利款 粉丝的GPM 抖音电商罗盘 云图 巨量千川 会员专区 分钟级 流量获取能力X转化率
    混场直播 单坑 FACT经营矩阵 人货场 购买直通车""",
    """818 177个 2021年6月 7倍 2.5亿 6亿 50倍 2019年1月 2020年8月 10% 76% 51% 80% 95后 117万 22.19亿
    1.5亿 8000万 88.6亿 32倍 TOP100 Teenie_Weenie 湖南卫视 规模化的流量聚焦和用户心智强化
    因为其忽略内容 愿意谈论、愿意分享 注重内容 购买。“买爆款 因为消费者 扩大影响力 迭代。快速
    挑战。现在 适当的价格 六大维度 (Field) (Alliance) (Campaign) (Top_KOL)""",
    """AIPL FAST GROW STEPS 贝恩咨询 19年 站外引流 雪球式增长 内容生产部门 达人运营部门 服务保障部门
    品销双赢 (Alliance) (TopKOL)""",
    """六万字 抖店 巨量百应 抖音电商罗盘 巨量千川 号店一体 引流款、转化款、利润款、机会款 抖Link
    抖in星云计划 精选联盟 818大促 筹备期 预热期 活动日 空降商家直播间 切片二次传播 F(Field)""",
)
SPAM = (
    "无码", "内射", "自慰", "迅雷", "领取我的", "手机号同微", "更多>", "二维码", "版权", "转载", "小军师",
    "ICP", "当前位置", "100EC",
)  # fmt: skip


def everything(document: Document) -> str:
    return "\n".join("\n".join((*p.heading, p.text)) for p in document.pieces)


@pytest.fixture(scope="module", params=range(5))
def seed(request: pytest.FixtureRequest) -> tuple[int, Document]:
    return request.param, open_document(FILES[request.param])


def test_there_are_enough_facts() -> None:
    assert sum(len(facts.split()) for facts in FACTS) >= 100


def test_no_fact_is_lost(seed: tuple[int, Document]) -> None:
    number, document = seed
    text = everything(document)
    assert [f for f in FACTS[number].split() if f.replace("_", " ") not in narrow(text)] == []


def test_nothing_dirty_is_left(seed: tuple[int, Document]) -> None:
    text = everything(seed[1])
    assert [word for word in SPAM if word in text] == []
    assert not has_contacts(text)
    assert "Tik Tok" not in text
    assert not re.search(r"\([a-z]*[āáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜ][a-zāáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜ]*\)", text)
    assert simplified(text) == text
    assert not re.search(r"[\ufffd\ue000-\uf8ff\u200b]|意味著|\?[\u4e00-\u9fff]*\)", text)
    assert not re.search(r"感兴趣的电|利益电商|下沉流量|汇款流量|电子商务|无线增长", text)


def test_the_figures(seed: tuple[int, Document]) -> None:
    number, document = seed
    kept, dropped = (
        (3948, 111), (3712, 66), (4700, 4772), (1829, 559), (3130, 7),
    )[number]  # fmt: skip
    assert document.kept == pytest.approx(kept, abs=40)
    assert sum(document.dropped.values()) == pytest.approx(dropped, abs=40)
    assert document.kept + sum(document.dropped.values()) == (4059, 3778, 9472, 2388, 3137)[number]
    assert 4 <= len(document.pieces) <= 16
    assert all(100 <= len(p.text) <= 700 for p in document.pieces)
