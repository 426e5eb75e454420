"""`ask` through the contract: every line answered, every key there, everything said has a basis."""

from __future__ import annotations

import json
import re
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from rules.load import load
from tests.cli import lines
from tests.cli.running import Command, Run

Runs = dict[str, Future[Run]]
KEYS = {
    "session": str, "language": str, "role": str, "intent": str, "intents": list, "facts": dict,
    "rejected": list, "changed": list, "derived": dict, "decisions": dict, "provisional": list,
    "reasons": dict, "steps": list, "questions": list, "citations": list, "defaults": list, "parts": list,
    "version": dict, "text": str,
}  # fmt: skip
INTENTS = {
    "lookup", "stage", "entry", "allocation", "traffic", "conversion", "goods", "snowball", "followers",
    "alliance", "creator_match", "top_creator", "campaign", "campaign_review", "team", "tools", "provider",
    "money", "triage", "why", "why_not", "what_if", "how_to", "correction", "smalltalk", "off_topic",
}  # fmt: skip
REFUSALS = {None, "off_topic", "compliance", "not_in_handbook", "abuse"}
BASES = {"rule", "passage", "fact", "parameter", "wording"}


def by_session(asked: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [a for a in asked if a["session"] == name]


def test_one_line_out_for_each_line_in_and_errors_where_they_belong(runs: Runs) -> None:
    run = runs["ask"].result()
    assert run.status == 2
    assert len(run.answers) == len(lines.ASK) + len(lines.RAW)
    bad = 0
    for number, ((text, field), answer) in enumerate(zip(lines.ASK, run.answers, strict=False), 1):
        if field is None:
            assert "error" not in answer, text[:80]
            continue
        bad += 1
        error = answer["error"]
        assert answer.keys() == {"error"}
        assert (error["line"], error["field"] or "") == (number, field), text
        assert isinstance(error["expected"], str)
        assert "value" in error
    assert all("error" not in a for a in run.answers[len(lines.ASK) :])
    assert len(run.complaints) == bad
    assert all(re.match(r"line \d+: ", line) for line in run.complaints)


def test_every_key_with_its_type(asked: list[dict[str, Any]]) -> None:
    for answer in asked:
        wrong = [k for k, kind in KEYS.items() if not isinstance(answer.get(k), kind)]
        assert not wrong, answer["text"]
        assert answer["refused"] in REFUSALS
        assert answer["language"] in {"zh", "en"}
        assert answer["role"] in {"merchant", "provider", "support"}
        assert answer["intent"] == answer["intents"][0]
        assert set(answer["intents"]) <= INTENTS
        assert answer["version"].keys() == {"rules", "handbook", "overrides"}
        assert answer["text"].strip()


def test_the_text_is_its_parts_and_each_has_a_basis(asked: list[dict[str, Any]]) -> None:
    base = load()
    numbers = {r.rule.number for r in base.rules.values()}
    for answer in asked:
        assert answer["text"] == "".join(p["text"] for p in answer["parts"])
        for part in answer["parts"]:
            assert part.keys() == {"text", "basis"}
            ((kind, id_),) = part["basis"].items()
            assert kind in BASES
            assert kind != "rule" or id_ in numbers
            assert kind != "fact" or id_ in base.facts
            assert kind != "parameter" or id_ in base.parameters.all


def test_every_passage_named_is_cited(asked: list[dict[str, Any]]) -> None:
    for answer in asked:
        cited = {c["passage"] for c in answer["citations"]}
        named = {s["passage"] for s in answer["steps"] if s.get("passage")}
        named |= {p["basis"]["passage"] for p in answer["parts"] if "passage" in p["basis"]}
        named |= set(re.findall(r"HB\d+(?:\.\d+)?", answer["text"]))
        assert named <= cited, answer["text"]
        for citation in answer["citations"]:
            assert all(isinstance(citation[k], str) and citation[k] for k in ("title", "text", "source"))


def test_every_step_names_a_rule_that_fired_or_a_passage(
    asked: list[dict[str, Any]], command: Command
) -> None:
    advised = [a for a in asked if a["steps"]]
    given = "\n".join(json.dumps({"facts": a["facts"], "today": lines.DAY}) for a in advised) + "\n"
    run = command(["decide"], given)
    assert run.status == 0
    for answer, decided in zip(advised, run.answers, strict=True):
        fired = {t["rule"] for t in decided["trace"]}
        for step in answer["steps"]:
            assert step["text"].strip()
            assert step.get("rule") or step.get("passage")
            assert step.get("rule") is None or step["rule"] in fired, (step, answer["facts"])
        assert answer["decisions"] == decided["decisions"]
        assert answer["derived"] == decided["derived"]


def test_three_to_six_steps_or_none(asked: list[dict[str, Any]]) -> None:
    for answer in asked:
        count = len(answer["steps"])
        assert count == 0 or 3 <= count <= 6, answer["text"]
        if answer["refused"] or answer["intents"] == ["lookup"]:
            assert count == 0, (answer["intents"], answer["text"])
    assert sum(bool(a["steps"]) for a in asked) >= 10


def test_small_talk_has_no_steps(asked: list[dict[str, Any]]) -> None:
    assert not [a["text"] for a in asked if a["intent"] in {"smalltalk", "off_topic"} and a["steps"]]


def test_at_most_three_questions_none_about_what_is_known(asked: list[dict[str, Any]]) -> None:
    for answer in asked:
        assert len(answer["questions"]) <= 3
        for question in answer["questions"]:
            assert question["fact"] not in answer["facts"]
            assert question["text"]
            assert question["text"] in answer["text"]


def test_refusals_say_which(asked: list[dict[str, Any]]) -> None:
    assert [a["refused"] for a in by_session(asked, "f")] == [
        "off_topic",
        "compliance",
        "compliance",
        "abuse",
    ]


def test_sessions_are_kept_apart_and_their_turns_together(asked: list[dict[str, Any]]) -> None:
    a, b = by_session(asked, "a"), by_session(asked, "b")
    assert a[0]["facts"]["ad_spend_per_day"] == 500
    assert a[2]["facts"] == {**a[0]["facts"], "ad_spend_per_day": 300}
    assert a[2]["changed"] == [{"fact": "ad_spend_per_day", "from": 500, "to": 300}]
    assert b[0]["facts"] == b[1]["facts"] == b[2]["facts"] == {"aov": 88, "gross_margin": 0.5}
    assert not a[1]["changed"]
    default = by_session(asked, "default")
    assert default[0]["facts"] == default[1]["facts"] == {"stay_seconds": 28, "click_rate": 0.06}
    after = next(n for n, answer in enumerate(default) if answer["facts"] == {})
    assert default[after]["text"].startswith("已清空")


def test_impossible_values_are_put_aside(asked: list[dict[str, Any]]) -> None:
    (c,) = by_session(asked, "c")
    assert c["facts"] == {"stay_seconds": 30}
    assert [r["reason"] for r in c["rejected"]] == ["above_one"]
    (d,) = by_session(asked, "d")
    assert d["facts"] == {}
    assert {(r["fact"], r["value"], r["reason"]) for r in d["rejected"]} == {
        ("gross_margin", 0.4, "contradictory"),
        ("gross_margin", 0.3, "contradictory"),
    }


def test_nothing_is_left_unfilled(asked: list[dict[str, Any]]) -> None:
    for answer in asked:
        assert not re.search(r"[{}\ufffd]|\bNone\b|\bnan\b|\binf\b", answer["text"]), answer["text"]


def test_two_processes_say_the_same_bytes(runs: Runs) -> None:
    one, other = runs["ask"].result(), runs["ask again"].result()
    assert one.out.splitlines() == other.out.splitlines()
    assert one.err == other.err


def test_prose_is_the_answer_alone(inside: Command) -> None:
    run = inside(["ask"], '停留28秒\n{"session": "x", "text": "你好"}\n')
    assert run.status == 0
    assert run.err == ""
    assert "28秒" in run.out
    assert "{" not in run.out


def test_words_are_one_message(inside: Command) -> None:
    run = inside(["ask", "--json", "停留28秒", "怎么办"])
    assert (run.status, run.err) == (0, "")
    assert run.answers[0]["facts"] == {"stay_seconds": 28}


def test_a_stored_conversation_goes_on(inside: Command, tmp_path: Path) -> None:
    store = ["--store", f"sqlite:///{tmp_path / 'new' / 'chats.db'}"]
    inside(["ask", "--json", *store, "停留28秒"])
    assert inside(["ask", "--json", *store, "为什么"]).answers[0]["facts"] == {"stay_seconds": 28}
    assert inside(["ask", "--json", "为什么"]).answers[0]["facts"] == {}
    inside(["ask", "--json", *store, "/forget"])
    assert inside(["ask", "--json", *store, "为什么"]).answers[0]["facts"] == {}


def test_a_store_that_cannot_be_written_is_told_in_one_line(inside: Command, read_only: str) -> None:
    run = inside(["ask", "--json", "--store", read_only], "停留28秒\n")
    assert run.status == 2
    assert len(run.complaints) == 1
    assert "写不进去" in run.complaints[0]


def test_piped_chat_answers_each_line(inside: Command) -> None:
    run = inside(["chat"], lines.CHAT)
    assert run.status == 0
    assert [line for line in run.out.splitlines() if line.startswith("> ")] == [
        "> 你好", "> 停留28秒,点击率6%怎么办", "> 为什么",
    ]  # fmt: skip
    assert "45秒" in run.out
    assert "不再回答" not in run.out
    assert run.err == ""


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////dev/null/x/chats.db", "postgresql+nosuch://u@h/d"])
def test_a_wrong_store_is_told_in_one_line(inside: Command, url: str) -> None:
    run = inside(["ask", "--json", "--store", url], "你好\n")
    assert (run.status, run.out) == (2, "")
    assert len(run.complaints) == 1
    assert "sqlite:///" in run.err
