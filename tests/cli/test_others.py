"""`search`, `check`, `telegram` and unusable arguments through the contract."""

from __future__ import annotations

import re
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.cli import lines
from tests.cli.running import Command, Run

Runs = dict[str, Future[Run]]
PLACE = re.compile(r"[^:]+:\d+ \[[^\]]+\] .+")
FINDING = re.compile(PLACE.pattern + "; .+")


def test_search_answers_each_line(runs: Runs) -> None:
    run = runs["search"].result()
    assert run.status == 0
    assert run.err == ""
    for query, answer in zip(lines.SEARCH, run.answers, strict=True):
        assert answer["query"] == query
        assert isinstance(answer["grounded"], bool)
        assert bool(answer["passages"]) == answer["grounded"]
        assert len(answer["passages"]) <= 3
        assert len(answer["nearest"]) <= 3
        for one in answer["passages"]:
            assert all(isinstance(one[k], str) for k in ("passage", "title", "text", "source"))
            assert isinstance(one["path"], list)
            assert isinstance(one["score"], float)
            assert "document" in one
        scores = [one["score"] for one in answer["passages"]]
        assert scores == sorted(scores, reverse=True)
    assert [a["grounded"] for a in run.answers[:6]] == [True, True, False, False, False, False]
    assert run.answers[0]["passages"][0]["passage"] == "HB4.4"


def test_search_takes_words_as_one_question(inside: Command) -> None:
    run = inside(["search", "付费流量", "什么时候", "加钱", "--json"])
    assert run.status == 0
    (answer,) = run.answers
    assert answer["query"] == "付费流量 什么时候 加钱"
    assert 1 <= len(answer["passages"]) <= 5


def test_search_for_people_prints_prose(inside: Command) -> None:
    run = inside(["search", "怎么留人"])
    assert run.status == 0
    assert "[HB" in run.out
    assert "{" not in run.out


def test_check_is_silent_on_clean_data(command: Command) -> None:
    run = command(["check"])
    wrong = [
        line for line in run.out.splitlines() if "上次复核是" not in line
    ]  # reviews grow old by themselves
    assert wrong == []
    assert run.status == (2 if run.out else 0)


def test_check_names_what_is_wrong_in_an_override_file(
    command: Command, inside: Command, tmp_path: Path
) -> None:
    file = tmp_path / "overrides.yaml"
    file.write_text(
        'pt.step: {value: 15, why: "typed wrong", by: "ops", on: 2026-11-23}\n'
        'pt.nosuch: {value: 1, why: "x", by: "ops", on: 2026-11-23}\n'
        'pt.new_days: {value: seven, why: "x", by: "ops", on: 2026-11-23}\n',
        encoding="utf-8",
    )
    run = command(["check", str(file)])
    assert run.status == 2
    found = run.out.splitlines()
    assert len(found) >= 3
    for number, line in enumerate(("pt.step", "pt.nosuch", "pt.new_days"), 1):
        assert any(f":{number} [" in one and line in one for one in found), (line, found)
    assert all(PLACE.match(one) for one in found), found
    refused = inside(["decide", "--overrides", str(file)], "{}\n")
    assert (refused.status, refused.out) == (2, "")
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("entry", ["{value: 8}", "{value: seven, why: x, by: ops, on: 2026-11-23}"])
def test_each_finding_says_what_would_be_right(inside: Command, tmp_path: Path, entry: str) -> None:
    file = tmp_path / "overrides.yaml"
    file.write_text(f"pt.new_days: {entry}\n", encoding="utf-8")
    found = inside(["check", str(file)]).out.splitlines()
    assert found
    assert all(FINDING.fullmatch(one) for one in found), found


def test_an_override_counts_and_is_shown(inside: Command, tmp_path: Path) -> None:
    file = tmp_path / "overrides.yaml"
    entry = 'bench.cvr_view: {value: 0.05, why: "our own", by: "ops", on: 2026-11-23}\n'
    file.write_text(entry, encoding="utf-8")
    given = '{"facts": {"ad_spend_per_day": 500, "views_session": 200, "orders_per_day": 0}}\n'
    run = inside(["decide", "--overrides", str(file)], given)
    (answer,) = run.answers
    assert answer["version"]["overrides"]
    assert {"parameter": "bench.cvr_view", "value": 0.05, "changed": True} in answer["defaults"]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"a: [", b"- 1\n", b"pt.step: 3\n"])
def test_an_unusable_override_file(inside: Command, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "overrides.yaml"
    if content is not None:
        file.write_bytes(content)
    run = inside(["decide", "--overrides", str(file)], "{}\n")
    if content == b"":  # nothing is changed
        assert run.status == 0
        return
    assert (run.status, run.out) == (2, "")
    assert len(run.complaints) == 1
    assert "overrides.yaml" in run.err


def test_telegram_without_a_token(command: Command) -> None:
    run = command(["telegram"])
    assert (run.status, run.out) == (2, "")
    assert len(run.complaints) == 1
    assert "TELEGRAM_BOT_TOKEN" in run.err


@pytest.mark.parametrize(
    "args",
    [["nosuch"], ["ask", "--nope"], ["ask", "--store"], ["search", "--top", "0", "x"], ["decide", "extra"]],
)
def test_unusable_arguments_are_told_in_one_line(inside: Command, args: list[str]) -> None:
    run = inside(args)
    assert (run.status, run.out) == (2, "")
    assert len(run.complaints) == 1
