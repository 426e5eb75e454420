"""Dialogues as data through the same pipeline as the chat; and what every answer must hold."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.messages import Inbound
from bot.models import Answer
from bot.pipeline import Pipeline
from bot.service.store import MemoryStore
from knowledge.retrieve import Library
from rules.evaluate import Evaluator

HERE = Path(__file__).parent
TODAY = dt.date(2026, 11, 24)
DIALOGUES: list[dict[str, Any]] = [
    d for f in sorted(HERE.glob("*.yaml")) for d in yaml.safe_load(f.read_text("utf-8"))
]
BASES = {"rule", "passage", "fact", "parameter", "wording"}


def talk(pipeline: Pipeline, dialogue: dict[str, Any], name: str) -> list[Answer]:
    return [pipeline.ask(t["text"], name, TODAY) for t in dialogue["turns"]]


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda d: d["name"])
def test_dialogue(pipeline: Pipeline, dialogue: dict[str, Any]) -> None:
    for turn, answer in zip(dialogue["turns"], talk(pipeline, dialogue, dialogue["name"]), strict=True):
        check(turn, answer)
        whole(pipeline, answer)


def check(turn: dict[str, Any], answer: Answer) -> None:
    """What this turn must come to."""
    data = answer.as_json()
    assert data["language"] == turn.get("language", "zh")
    for plain in ("role", "refused", "changed"):
        if plain in turn:
            assert data[plain] == turn[plain]
    if "facts" in turn:
        assert data["facts"] == turn["facts"]
    for key, value in turn.get("decisions", {}).items():
        assert data["decisions"].get(key) == value, key
    for key, value in turn.get("derived", {}).items():
        assert data["derived"][key] == (None if value is None else pytest.approx(value, abs=1e-5)), key
    for key in turn.get("provisional", ()):
        assert key in data["provisional"]
    asked = [q["fact"] for q in data["questions"]]
    assert set(turn.get("questions", ())) <= set(asked), asked
    assert len(asked) >= turn.get("asks", 0)
    for one in turn.get("rejected", ()):
        assert any(one.items() <= r.items() for r in data["rejected"]), data["rejected"]
    assert set(turn.get("intents", ())) <= set(data["intents"]), data["intents"]
    ids = [s["id"] for s in data["steps"]]
    assert set(turn.get("steps", ())) <= set(ids), ids
    assert set(turn.get("cites", ())) <= {c["passage"] for c in data["citations"]}
    if turn.get("no_steps"):
        assert not ids
    for said in turn.get("says", ()):
        assert str(said) in data["text"], data["text"]
    for never in turn.get("not_says", ()):
        assert never not in data["text"], data["text"]


def whole(pipeline: Pipeline, answer: Answer) -> None:
    """What holds for every answer: no part without a basis, nothing dangling, nothing half-filled."""
    data = answer.as_json()
    assert data["text"] == "".join(p["text"] for p in data["parts"]) != ""
    cited = {c["passage"] for c in data["citations"]}
    rules = {r.rule.number for r in pipeline.base.rules.values()}
    for part in data["parts"]:
        (kind, name), *rest = part["basis"].items()
        assert not rest
        assert kind in BASES
        if kind == "rule":
            assert name in rules
        if kind == "passage":
            assert name in cited
        if kind == "fact":
            assert name in pipeline.base.facts
        if kind == "parameter":
            assert name in pipeline.base.parameters.all
    trace = {f["rule"] for f in pipeline.decide(data["facts"], TODAY)["trace"]}
    assert len(data["steps"]) in {0, 3, 4, 5, 6}
    for step in data["steps"]:
        assert step["passage"] in cited
        assert "rule" not in step or step["rule"] in trace
        assert step["text"] in data["text"]
    assert len(data["questions"]) <= 3
    for broken in ("None", "nan", "{", "}"):
        assert broken not in data["text"]


def test_same_words_same_bytes(pipeline: Pipeline) -> None:
    for number, dialogue in enumerate(DIALOGUES[:20]):
        first = [a.as_json() | {"session": ""} for a in talk(pipeline, dialogue, f"first {number}")]
        second = [a.as_json() | {"session": ""} for a in talk(pipeline, dialogue, f"second {number}")]
        assert first == second


def test_a_question_is_never_asked_twice(pipeline: Pipeline) -> None:
    asked: list[str] = []
    for text in ("女装,一天投800,停留30秒", "不知道", "那怎么办", "要不要加钱", "还有别的办法吗"):
        asked += [q["fact"] for q in pipeline.ask(text, "asked once", TODAY).questions]
    assert len(asked) == len(set(asked))


def test_a_very_long_message_is_told_what_was_not_read(pipeline: Pipeline) -> None:
    answer = pipeline.ask(
        "女装,停留28秒,一天投500。" + "今天又是很忙的一天。" * 400 + "要不要加钱", "long", TODAY
    )
    assert "没有读" in answer.text
    assert answer.facts["ad_spend_per_day"] == 500


def test_a_model_that_is_missing_is_told_in_the_chat(evaluator: Evaluator, tmp_path: Path) -> None:
    library = Library.open(str(tmp_path / "no such model"))
    broken = Pipeline(evaluator, library, MemoryStore())
    said = broken.reply(Inbound("test", "chat", "user", "今晚先做哪件事", "1")).text
    assert "\n" not in said
    assert "no such model" in said
