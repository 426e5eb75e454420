"""Rules that follow their files: edited, broken, mended, while they serve."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import threading
from pathlib import Path

import pytest

from rules.errors import DataError, Finding
from rules.facts import DATA
from rules.reload import Reloading

DAY = dt.date(2026, 11, 24)
OVERRIDE = "gs.startup_max: {{value: {}, why: 试试, by: 小李, on: 2026-11-23}}\n"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return shutil.copytree(DATA, tmp_path / "data")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def stage(rules: Reloading) -> object:
    return rules.current().evaluate({"gmv_30d": 120_000}, today=DAY).value("stage")


def test_an_edit_counts_a_broken_one_does_not_a_mended_one_does(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    rules = Reloading(data=data, clock=clock)
    file, title = data / "parameters/stage.yaml", "  title: 启动期月 GMV 上限\n"
    first = rules.current()
    assert stage(rules) == "growth"

    edit(file, "value: 100000\n", "value: 130000\n")
    assert stage(rules) == "growth", "the files are not looked at more than once a second"
    clock.now += 1
    assert stage(rules) == "startup"
    second = rules.current()
    assert second.base.version != first.base.version
    assert first.evaluate({"gmv_30d": 120_000}, today=DAY).value("stage") == "growth", "handed out, it stays"

    edit(file, title, "  titel: 启动期月 GMV 上限\n")
    with caplog.at_level(logging.ERROR, "rules.reload"):
        for _ in range(3):
            clock.now += 1
            assert stage(rules) == "startup"
            assert rules.current() is second
    (record,) = caplog.records
    assert "rules/data/parameters/stage.yaml:2 [gs.startup_max]" in record.getMessage()

    caplog.clear()
    edit(file, "value: 130000\n", "value: 140000\n")  # another edit, still broken: said again
    clock.now += 1
    assert rules.current() is second
    assert len(caplog.records) == 1

    caplog.clear()
    edit(file, "  titel: 启动期月 GMV 上限\n", title)
    edit(file, "value: 140000\n", "value: 100000\n")
    clock.now += 1
    assert stage(rules) == "growth"
    assert rules.current().base.version == first.base.version
    assert not caplog.records


def test_the_operators_file_may_appear_change_break_and_go(tmp_path: Path, data: Path) -> None:
    clock, file = Clock(), tmp_path / "overrides.yaml"
    rules = Reloading(lambda: file if file.is_file() else None, data, clock=clock)

    def after(content: str | None) -> tuple[object, object]:
        file.unlink(missing_ok=True) if content is None else file.write_text(content, encoding="utf-8")
        clock.now += 1
        return stage(rules), rules.current().base.overrides_version

    assert stage(rules) == "growth"
    now, version = after(OVERRIDE.format(130000))
    assert now == "startup"
    assert version
    assert after(OVERRIDE.format(119999))[0] == "growth"
    assert after(OVERRIDE.format(150000))[0] == "startup"
    assert after("gs.startup_max: [\n")[0] == "startup"
    assert after(None) == ("growth", None)


def test_a_rule_file_may_be_added_and_taken_away(data: Path) -> None:
    clock = Clock()
    rules = Reloading(data=data, clock=clock)
    count = len(rules.current().base.rules)
    extra = data / "catalog/extra.yaml"
    extra.write_text(
        "decision: D1\nrules:\n- {id: GS-98, title: t, when: [gmv_30d known], then: {base_ok: true}, why: w, "
        "passage: HB4.2, source: default}\n",
        encoding="utf-8",
    )
    clock.now += 1
    assert len(rules.current().base.rules) == count + 1
    extra.unlink()
    clock.now += 1
    assert len(rules.current().base.rules) == count


def test_what_a_check_finds_keeps_an_edit_from_serving(data: Path) -> None:
    clock = Clock()

    def check(base: object) -> list[Finding]:
        bad = base.rules["GS-03"].rule.passage != "HB4.2"  # type: ignore[attr-defined]
        return [Finding("rules/data/catalog/stage.yaml", 1, "GS-03", "twice")] if bad else []

    rules = Reloading(data=data, check=check, clock=clock)
    first = rules.current()
    text = (data / "catalog/stage.yaml").read_text(encoding="utf-8")
    (data / "catalog/stage.yaml").write_text(text.replace("HB4.2", "HB4.99"), encoding="utf-8")
    clock.now += 1
    assert rules.current() is first
    with pytest.raises(DataError):
        Reloading(data=data, check=check)


def test_data_that_is_broken_at_the_start_is_raised(data: Path) -> None:
    (data / "catalog/stage.yaml").write_text("decision: [", encoding="utf-8")
    with pytest.raises(DataError):
        Reloading(data=data)


def test_threads_get_whole_rules_while_the_files_change(data: Path) -> None:
    rules = Reloading(data=data, every=0)
    file = data / "parameters/stage.yaml"
    wrong: list[object] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            evaluator = rules.current()
            limit = evaluator.base.parameters.number("gs.startup_max")
            found = evaluator.evaluate({"gmv_30d": 120_000}, today=DAY).value("stage")
            if found != ("growth" if limit <= 120_000 else "startup"):
                wrong.append((limit, found))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for one in threads:
        one.start()
    for low, high in (("100000", "130000"), ("130000", "100000"), ("100000", "140000")):
        edit(file, f"value: {low}\n", f"value: {high}\n")
        stop.wait(0.4)
    stop.set()
    for one in threads:
        one.join()
    assert wrong == []
    assert rules.current().base.parameters.number("gs.startup_max") == 140000
