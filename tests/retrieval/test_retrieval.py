"""The floors that the search must hold, on both question files. Run with -s to see the figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.clean import language
from knowledge.retrieve import Library

HERE = Path(__file__).parent
STORY = ["女装店开了两个月", "场观三百,停留25秒", "千川一天投600,出了1单", "主播上个月换过一次"]


@dataclass(frozen=True)
class Report:
    """Shares between 0 and 1; `refused` maps (language, whether an answer exists) to the share refused."""

    questions: int
    hit1: float
    hit3: float
    mrr: float
    refused: dict[tuple[str, bool], float]
    misses: tuple[str, ...]


def questions(name: str) -> dict[str, Any]:
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


def measure(library: Library, *names: str) -> Report:
    """Ranks count a refused question as not found."""
    ranks: list[float] = []
    misses: list[str] = []
    refused: dict[tuple[str, bool], list[bool]] = {}
    for name in names:
        data = questions(name)
        for case in data["answerable"]:
            result = library.search(case["q"], top=10)
            ids = [hit.passage.id for hit in result.hits]
            rank = min((ids.index(e) + 1 for e in case["expect"] if e in ids), default=float("inf"))
            ranks.append(rank)
            refused.setdefault((language(case["q"]), True), []).append(not result.grounded)
            if rank > 3:
                misses.append(f"{case['q']} -> {ids[:3]}, expected {case['expect']}")
        for question in data["unanswerable"]:
            result = library.search(question)
            refused.setdefault((language(question), False), []).append(not result.grounded)
            if result.grounded:
                misses.append(f"answered: {question} -> {result.hits[0].passage.id}")
    return Report(
        questions=len(ranks),
        hit1=sum(r == 1 for r in ranks) / len(ranks),
        hit3=sum(r <= 3 for r in ranks) / len(ranks),
        mrr=sum(1 / r for r in ranks) / len(ranks),
        refused={key: sum(values) / len(values) for key, values in refused.items()},
        misses=tuple(misses),
    )


def test_floors(library: Library) -> None:
    for name in ("tuning", "held_out"):
        r = measure(library, name)
        print(f"\n{name}: n={r.questions} hit@1={r.hit1:.3f} hit@3={r.hit3:.3f} MRR={r.mrr:.3f} {r.refused}")
        print("\n".join(r.misses))
    report = measure(library, "tuning", "held_out")
    assert report.hit1 >= 0.80, report.misses
    assert report.hit3 >= 0.94, report.misses
    assert report.refused["zh", False] >= 0.97, report.misses
    assert report.refused["en", False] >= 0.90, report.misses
    assert report.refused["zh", True] <= 0.04, report.misses
    assert report.refused["en", True] <= 0.10, report.misses


def test_held_out_alone_stays_useful(library: Library) -> None:
    report = measure(library, "held_out")
    assert report.hit1 >= 0.72, report.misses
    assert report.hit3 >= 0.90, report.misses


@pytest.mark.parametrize(("mark", "floor"), [("。", 0.65), (",", 0.65), (" ", 0.45)])
@pytest.mark.parametrize("place", [0, 6, 12])
def test_a_question_inside_a_story_is_found(library: Library, mark: str, floor: float, place: int) -> None:
    cases = [c for name in ("tuning", "held_out") for c in questions(name)["answerable"]]
    cases = [c for c in cases if language(c["q"]) == "zh"][::2]
    right = 0
    for case in cases:
        parts = STORY * 4
        parts.insert(place, case["q"])
        hits = library.search(mark.join(parts), top=3).hits
        right += any(hit.passage.id in case["expect"] for hit in hits)
    print(f"\n{mark!r} at {place}: hit@3 {right / len(cases):.2f} of {len(cases)}")
    assert right / len(cases) >= floor


def test_question_files_are_disjoint_and_expect_existing_passages(library: Library) -> None:
    seen: set[str] = set()
    ids = {p.id for p in library.passages}
    aliases = {a for p in library.passages for a in p.aliases}
    for name in ("tuning", "held_out"):
        data = questions(name)
        for case in data["answerable"]:
            assert set(case["expect"]) <= ids, case
            assert case["q"] not in aliases, f"{case['q']} stands in the handbook word for word"
        for q in [*(c["q"] for c in data["answerable"]), *data["unanswerable"]]:
            assert q not in seen, q
            seen.add(q)
        assert all(set(case) == {"q", "expect"} for case in data["answerable"])
        assert {language(q) for q in data["unanswerable"]} == {"zh", "en"}


@pytest.mark.parametrize(
    "question", ["聚沉淀怎么做,手册哪一节", "客户问“聚沉淀”怎么做,手册哪一节,帮我给个能直接发的"]
)
def test_support_finds_retention(library: Library, question: str) -> None:
    assert library.search(question).hits[0].passage.id == "HB4.7"


def test_every_title_finds_their_own_passage(library: Library) -> None:
    for passage in library.passages:
        assert library.search(passage.title).hits[0].passage.id == passage.id
        assert library.search(passage.title_en).hits[0].passage.id == passage.id


@pytest.mark.parametrize(
    "question",
    [
        "今天天气怎么样",
        "淘宝直通车怎么出价",
        "女装今天保证金多少",
        "感冒吃什么药",
        "讲个笑话",
        "写个python脚本",
        "what is the weather",
        "tell me a joke",
    ],
)
def test_refusals_offer_titles_and_no_hits(library: Library, question: str) -> None:
    result = library.search(question)
    assert not result.grounded
    assert result.hits == ()
    assert len(result.nearest) == 3
