"""`decide` through the contract."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

from rules.load import load
from tests.cli import lines
from tests.cli.running import ROOT, Command, Run

Runs = dict[str, Future[Run]]
KEYS = {
    "facts": dict, "rejected": list, "derived": dict, "reasons": dict, "decisions": dict, "provisional": list,
    "trace": list, "overruled": list, "open": list, "steps": list, "defaults": list, "version": dict,
}  # fmt: skip


def answer_to(run: Run, text: str) -> dict[str, object]:
    return run.answers[[line for line, _ in lines.DECIDE].index(text)]


def test_one_line_out_for_each_line_in_and_errors_where_they_belong(runs: Runs) -> None:
    run = runs["decide"].result()
    assert run.status == 2
    bad = 0
    for number, ((text, field), answer) in enumerate(zip(lines.DECIDE, run.answers, strict=True), 1):
        if field is None:
            assert "error" not in answer, (text, answer)
            continue
        bad += 1
        error = answer["error"]
        assert answer.keys() == {"error"}
        assert (error["line"], error["field"] or "") == (number, field), text[:80]
        assert error["expected"]
    assert len(run.complaints) == bad
    assert all(line.startswith("line ") and len(line) < 300 for line in run.complaints)


def test_every_key_with_its_type(runs: Runs) -> None:
    base = load()
    numbers = {r.rule.number for r in base.rules.values()}
    for answer in (a for a in runs["decide"].result().answers if "error" not in a):
        assert not [k for k, kind in KEYS.items() if not isinstance(answer.get(k), kind)]
        assert answer["facts"].keys() <= base.facts.keys()
        for fired in answer["trace"]:
            assert fired.keys() >= {"rule", "used", "from", "then", "passage", "source"}
            assert fired["rule"] in numbers
            assert fired["source"] in {"seed", "public", "default"}
        rules = {fired["rule"] for fired in answer["trace"]}
        assert all(s["rule"] in rules or s["passage"] for s in answer["steps"])
        assert all(o["rule"] in rules for o in answer["overruled"])
        assert set(answer["provisional"]) <= answer["decisions"].keys()
        for one in answer["open"]:
            assert one["fact"] in base.facts
            assert one["fact"] not in answer["facts"]
            assert one["unlocks"]
            assert 0 <= one["value"] <= 1
        values = [o["value"] for o in answer["open"]]
        assert values == sorted(values, reverse=True)
        for name, value in answer["derived"].items():
            assert (value is None) == (name in answer["reasons"]), name


@pytest.mark.parametrize(
    ("line", "fact", "reason"),
    [
        ('{"facts": {"cvr_view": 1.2, "aov": 80}}', "cvr_view", "above_one"),
        ('{"facts": {"aov": -5}}', "aov", "negative"),
        ('{"facts": {"aov": 0}}', "aov", "too_low"),
        ('{"facts": {"gmv_30d": 1e12}}', "gmv_30d", "too_high"),
    ],
)
def test_impossible_values_never_stop_a_line(runs: Runs, line: str, fact: str, reason: str) -> None:
    answer = answer_to(runs["decide"].result(), line)
    assert [(r["fact"], r["reason"]) for r in answer["rejected"]] == [(fact, reason)]  # type: ignore[attr-defined]
    assert fact not in answer["facts"]  # type: ignore[operator]


def test_of_contradictory_facts_all_are_left_out(runs: Runs) -> None:
    answer = answer_to(runs["decide"].result(), '{"facts": {"ad_roi_pay": 2, "ad_roi_net": 3, "aov": 80}}')
    assert {r["fact"] for r in answer["rejected"]} == {"ad_roi_pay", "ad_roi_net"}  # type: ignore[attr-defined]
    assert answer["facts"] == {"aov": 80}


def test_sums(runs: Runs) -> None:
    answer = runs["decide"].result().answers[2]
    assert answer["decisions"]["stage"] == "growth"
    assert sum(answer["decisions"]["allocation"].values()) == 100
    assert answer["derived"]["gross_margin"] == 0.625
    assert answer["derived"]["roi_break_even_net"] == 1.6


def test_two_processes_say_the_same_bytes_with_or_without_json(runs: Runs) -> None:
    assert runs["decide"].result() == runs["decide again"].result()


def test_a_readable_stream_ends_with_0_and_an_empty_one_too(command: Command) -> None:
    run = command(["decide"], '{"facts": {"aov": 60}}')
    assert (run.status, len(run.answers), run.err) == (0, 1, "")
    assert command(["decide"]) == Run(0, "", "")


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "in").write_text('{"facts": {"aov": 60}}\n' * 200)
    with (tmp_path / "in").open("rb") as given:
        process = subprocess.Popen(
            [sys.executable, "bot.py", "decide"], cwd=ROOT, stdin=given, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
    assert (process.wait(60), said) == (0, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="closes a descriptor by the shell")
@pytest.mark.parametrize("name", ["decide", "chat"])
def test_a_closed_input_is_an_empty_one(name: str) -> None:
    run = subprocess.run(
        ["sh", "-c", f'exec "$0" bot.py {name} <&-', sys.executable],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
