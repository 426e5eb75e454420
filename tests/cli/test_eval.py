"""`eval`: figures that were reckoned by hand, the run before, and one line for a file that can't be read."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.evaluation import Place, evaluated, read_questions
from knowledge.model import Hit, Passage, SearchResult
from knowledge.retrieve import Library
from tests.cli.running import Command

FILE = """
answerable:
  - {q: 第一问, expect: [HB1.1]}
  - {q: 第二问, expect: [HB1.1, HB1.2]}
  - {q: 第三问, expect: [{document: 坚果, has: [白 露, 采收]}]}
  - {q: 第四问, expect: [HB1.1]}
  - {q: the fifth question, expect: [HB1.1]}
unanswerable:
  - 今天天气怎么样
  - {q: 佣金今天几个点, kind: look_up}
  - {q: ROI 是什么, kind: look_up, lang: en}
"""
FOUND = {
    "第一问": ["HB1.1", "HB1.2"],
    "第二问": ["HB1.3", "HB1.2", "HB1.1"],
    "第三问": ["HB1.1", "HB1.2", "HB1.3", "D1.1"],
    "第四问": [],  # refused, though it should not be
    "the fifth question": ["HB1.2"],
    "今天天气怎么样": [],
    "佣金今天几个点": [],
    "ROI 是什么": ["HB1.1"],  # answered, though it should not be
}


class Found(Library):
    """A library that finds what stands in FOUND."""

    def __init__(self, passage: Passage) -> None:
        nuts = {"text": "山核桃白露之后\n采收。", "document": "坚果.md"}
        self._passage, self._nuts = passage, nuts
        self.asked: list[str] = []

    @property
    def version(self) -> str:
        return "v1"

    def search(self, query: str, top: int = 5) -> SearchResult:
        self.asked.append(query)
        passages = [
            replace(self._passage, id=i, **(self._nuts if i == "D1.1" else {})) for i in FOUND[query][:top]
        ]
        hits = tuple(Hit(p, 0.5, "") for p in passages)
        return SearchResult(query, bool(hits), hits, ())


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "问题 一.yaml"
    file.write_text(FILE, encoding="utf-8")
    return file


@pytest.fixture
def found(library: Library) -> Found:
    return Found(library.passages[0])


def run(found: Found, questions: Path) -> dict[str, Any]:
    return evaluated(found, read_questions(questions), questions, questions.parent / "data" / "runs.jsonl")


def figures_of(report: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in report.items() if k not in {"before", "misses"}}


def test_figures_by_hand(found: Found, questions: Path) -> None:
    report = run(found, questions)
    figures = report["figures"]
    second = (1 / math.log2(3) + 1 / math.log2(4)) / (1 + 1 / math.log2(3))  # places 2 and 3 for 1 and 2
    fourth_place = 1 / math.log2(5)
    assert figures["all"] == {
        "questions": 8, "answerable": 5,
        "hit@1": 0.2, "hit@3": 0.4,
        "MRR": round((1 + 1 / 2 + 1 / 4) / 5, 4),
        "nDCG@10": round((1 + second + fourth_place) / 5, 4),
        "answerable_refused": 0.2,
        "unrelated_refused": 1.0, "look_up_refused": 0.5,
        "refusal_recall": round(2 / 3, 4), "refusal_precision": round(2 / 3, 4),
    }  # fmt: skip
    assert (figures["zh"]["questions"], figures["en"]["questions"]) == (6, 2)
    assert figures["zh"]["hit@1"] == 0.25
    assert "refusal_precision" not in figures["en"]  # nothing was refused
    assert figures["en"]["refusal_recall"] == 0.0
    assert found.asked == list(FOUND)
    misses = {m["q"]: m["rank"] for m in report["misses"]}
    assert misses == {
        "第二问": 2, "第三问": 4, "第四问": None, "the fifth question": None, "ROI 是什么": None
    }  # fmt: skip
    assert report["misses"][1]["expected"] == [{"document": "坚果", "has": ["白 露", "采收"]}]
    json.dumps(report)


def test_a_place_is_found_whatever_the_blanks(library: Library) -> None:
    passage = replace(library.passages[0], text="退货率 30 %\n以上", document="规则 2026.pdf")
    assert Place(document="规则", has=["30%以上"]).is_in(passage)
    assert Place(has=["退货率 30%"]).is_in(passage)
    assert not Place(document="别的", has=["30%"]).is_in(passage)
    assert not Place(has=["30%", "没有的"]).is_in(passage)


def test_the_history_grows_and_tells_the_run_before(found: Found, questions: Path) -> None:
    history = questions.parent / "data" / "runs.jsonl"
    first = run(found, questions)
    assert first["before"] is None
    second = run(found, questions)
    assert second["before"] == figures_of(first)
    other = questions.with_name("other.yaml")
    other.write_text("answerable: [{q: 第一问, expect: [HB1.1]}]", encoding="utf-8")
    assert run(found, other)["before"] is None  # other questions
    assert len(history.read_text(encoding="utf-8").splitlines()) == 3
    with history.open("ab") as out:  # killed while writing, and bytes from somewhere
        out.write(b'{"sha256": "\xff\n' + history.read_bytes()[:100])
    third = run(found, questions)
    assert third["before"]["at"] == second["at"]
    assert run(found, questions)["before"] == figures_of(third)


def test_a_history_that_cannot_be_written_costs_no_report(
    found: Found, questions: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (questions.parent / "data").write_text("a file where the folder should be")
    report = run(found, questions)
    assert (report["figures"]["all"]["questions"], report["before"]) == (8, None)
    assert len(caplog.records) == 1


BROKEN = [
    None, b"", b"- 1\n", b"text\n", b"answerable: 5\n", b"answerable: [1]\n", b"a: b: c\n", b"\t- x",
    b"answerable: [{q: a, expect: []\n", b"answerable: [{expect: [HB1.1]}]\n", b"\xff\xfe\x00", b"[" * 5000,
    b"answerable: [{q: a, expects: [HB1.1]}]\n", b"answerable: [{q: a, expect: [{has: []}]}]",
    b"a: \x00", b"unanswerable: [2026-13-45]", b"unanswerable: [{q: a, lang: fr}]", b"a: &x [*x]",
    b"a: !!python/none {}",
]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN)
def test_a_file_that_cannot_be_read_is_one_line(
    inside: Command, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "questions.yaml"
    if content is not None:
        file.write_bytes(content)
    run = inside(["eval", str(file)])
    assert (run.status, run.out, len(run.complaints)) == (2, "", 1)
    assert "questions.yaml" in run.err


def test_eval_as_a_command(
    inside: Command, library: Library, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Library, "open", staticmethod(lambda *_, **__: library))
    file = tmp_path / "few.yaml"
    file.write_text(
        "answerable: [{q: 付费流量什么时候加钱, expect: [HB4.4]}]\nunanswerable: [今天天气怎么样]\n",
        encoding="utf-8",
    )
    run = inside(["eval", str(file), "--json"])
    assert (run.status, run.err) == (0, "")
    (report,) = run.answers
    assert report.keys() == {"file", "sha256", "at", "handbook", "figures", "before", "misses"}
    assert report["figures"]["all"]["hit@1"] == report["figures"]["all"]["refusal_recall"] == 1.0
    assert (report["before"], report["misses"], report["file"]) == (None, [], "few.yaml")
    again = json.loads(inside(["eval", str(file), "--json"]).out)
    assert again["before"]["at"] == report["at"]
    told = inside(["eval", str(file)]).out
    assert "第一条就对 100.0%" in told
    assert "✗" not in told
    file.write_text("answerable: [{q: 付费流量什么时候加钱, expect: [HB9.1]}]\n", encoding="utf-8")
    missed = inside(["eval", str(file)]).out
    assert "✗ 付费流量什么时候加钱\n    应是:HB9.1\n    找到:HB4.4" in missed
    assert (Path(os.environ["ADVISOR_DATA"]) / "evaluations.jsonl").is_file()
