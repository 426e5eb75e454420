"""One running pipeline while its rule data is edited, broken and mended."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.crossings import crossings
from bot.pipeline import Pipeline
from bot.service.store import MemoryStore
from knowledge.load import load_sources
from knowledge.retrieve import Library
from rules.facts import DATA
from rules.reload import Reloading

FACTS = {"gmv_30d": 120_000}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return shutil.copytree(DATA, tmp_path / "data")


@pytest.fixture
def running(data: Path, library: Library) -> Pipeline:
    passages, sources = {p.id for p in library.passages}, load_sources()
    rules = Reloading(data=data, every=0, check=lambda base: crossings(base, passages, sources))
    return Pipeline(rules, library, MemoryStore())


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_answers_follow_the_files(running: Pipeline, data: Path) -> None:
    before = running.decide(FACTS)
    said = running.ask("月销12万,算什么阶段", "a")
    assert before["decisions"]["stage"] == said.decisions["stage"] == "growth"

    edit(data / "parameters/stage.yaml", "value: 100000\n", "value: 130000\n")
    after = running.decide(FACTS)
    assert after["decisions"]["stage"] == "startup"
    assert running.ask("月销12万,算什么阶段", "a").decisions["stage"] == "startup"
    assert after["version"]["rules"] != before["version"]["rules"]
    assert running.version == after["version"]

    edit(data / "wording/conclusions.yaml", "先把一场播稳", "先把今晚这场播稳")
    assert "先把今晚这场播稳" in running.ask("月销12万,算什么阶段", "a").text

    (data / "catalog/stage.yaml").rename(data / "catalog/stage.txt")
    edit(data / "catalog/stage.txt", "decision: D1", "decision: [")
    (data / "catalog/stage.txt").rename(data / "catalog/stage.yaml")
    broken = running.decide(FACTS)
    assert broken["decisions"] == after["decisions"]
    assert "先把今晚这场播稳" in running.ask("月销12万,算什么阶段", "a").text

    edit(data / "catalog/stage.yaml", "decision: [", "decision: D1")
    edit(data / "parameters/stage.yaml", "value: 130000\n", "value: 100000\n")
    assert running.decide(FACTS)["decisions"]["stage"] == "growth"


def test_a_passage_that_is_not_there_never_reaches_an_answer(running: Pipeline, data: Path) -> None:
    version = running.decide(FACTS)["version"]
    edit(data / "catalog/stage.yaml", "passage: HB4.2", "passage: HB4.99")
    assert running.decide(FACTS)["version"] == version
    assert running.ask("月销12万,算什么阶段", "b").citations


def test_a_fact_that_an_edit_takes_away_is_forgotten(running: Pipeline, data: Path) -> None:
    assert "uv_value" in running.ask("UV价值0.8,月销12万", "c").facts
    text = (data / "facts/room.yaml").read_text(encoding="utf-8")
    start = text.index("uv_value:")
    end = text.find("\n\n", start)
    rest = text[end:] if end != -1 else ""
    (data / "facts/room.yaml").write_text(text[:start] + rest.lstrip("\n"), encoding="utf-8")
    answer = running.ask("那我算什么阶段", "c")
    assert answer.facts == {"gmv_30d": 120000}
    assert answer.decisions["stage"] == "growth"
