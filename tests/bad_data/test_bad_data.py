"""Broken data is refused with a line a person can act on: `file:line [id] what; what would be right`.

Each `*.yaml` beside this file describes one way of breaking a copy of the rule data:

    about      what is broken
    changes    texts replaced in files;  write: files with another content;  encode: files in another encoding
    overrides  the operator's file
    says       the findings, all of them; `{line}` is the line of the text under `at` of the same number
    at         for each finding the text whose line it names, in the broken file
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

import rules.facts
import rules.load
import rules.parameters
from rules.check import findings
from rules.errors import DataError
from rules.facts import DATA
from rules.load import load
from rules.yaml_lines import read_yaml

HERE = Path(__file__).parent
_PARSED: dict[tuple[bytes, str | None], Any] = {}
KINDS = sorted(p.stem for p in HERE.glob("*.yaml"))


@pytest.fixture(autouse=True)
def _parse_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that nobody broke are parsed once: reading YAML is three quarters of a load."""

    def remembered(path: Path, name: str | None = None) -> Any:
        if name is None or not path.is_file():
            return read_yaml(path, name)
        key = (path.read_bytes(), name)
        if key not in _PARSED:
            _PARSED[key] = read_yaml(path, name)
        content, bad = _PARSED[key]
        return content, list(bad)

    for room in (rules.load, rules.facts, rules.parameters):
        monkeypatch.setattr(room, "read_yaml", remembered)


def _kind(name: str) -> dict[str, Any]:
    kind, bad = read_yaml(HERE / f"{name}.yaml", name)
    assert not bad, bad
    return dict(kind)


def _break(kind: dict[str, Any], folder: Path) -> tuple[Path, Path | None]:
    """A copy of the data, broken as `kind` says, and the operator's file if there is one."""
    data = folder / "data"
    shutil.copytree(DATA, data)

    def path(name: str) -> Path:
        return data / name.removeprefix("rules/data/")

    for change in kind.get("changes", []):
        text = path(change["file"]).read_text(encoding="utf-8")
        assert change["old"] in text, f"the data no longer holds {change['old']!r}"
        path(change["file"]).write_text(text.replace(change["old"], change["new"], 1), encoding="utf-8")
    for name, content in kind.get("write", {}).items():
        path(name).write_text(content, encoding="utf-8")
    for name, encoding in kind.get("encode", {}).items():
        path(name).write_bytes(path(name).read_text(encoding="utf-8").encode(encoding))
    if "overrides" not in kind:
        return data, None
    overrides = folder / "overrides.yaml"
    overrides.write_text(kind["overrides"], encoding="utf-8")
    return data, overrides


def _said(data: Path, overrides: Path | None) -> list[str]:
    with pytest.raises(DataError) as error:
        load(data, overrides)
    return [str(f).replace(f"{overrides}:", "overrides.yaml:") for f in error.value.findings]


def _expected(kind: dict[str, Any], data: Path, overrides: Path | None) -> list[str]:
    out = []
    for line, at in zip(kind["says"], kind.get("at") or [""] * len(kind["says"]), strict=True):
        if "{line}" in line:
            name = line.partition(":")[0]
            path = overrides if name == "overrides.yaml" else data / name.removeprefix("rules/data/")
            assert path
            text = path.read_text(encoding="utf-8")
            assert at in text
            line = line.replace("{line}", str(text[: text.index(at) + len(at.rstrip())].count("\n") + 1))
        out.append(line)
    return out


@pytest.mark.parametrize("name", KINDS)
def test_broken_data_is_refused_by_its_line(name: str, tmp_path: Path) -> None:
    kind = _kind(name)
    data, overrides = _break(kind, tmp_path)
    assert _said(data, overrides) == _expected(kind, data, overrides)


@pytest.mark.parametrize("name", ["several_at_once", "broken_yaml", "not_utf8", "override_several", "cycle"])
def test_check_prints_lines_and_never_raises(name: str, tmp_path: Path) -> None:
    kind = _kind(name)
    data, overrides = _break(kind, tmp_path)
    lines = findings([overrides] if overrides else [], data)
    assert [line.replace(f"{overrides}:", "overrides.yaml:") for line in lines] == _expected(
        kind, data, overrides
    )


def test_check_finds_nothing_in_the_data_as_shipped(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.yaml"
    overrides.write_text("pt.step: {value: 0.15, why: 试试, by: 小李, on: 2026-11-23}\n", encoding="utf-8")
    assert findings([overrides]) == []
    assert load(DATA, overrides).parameters.number("pt.step") == 0.15


def test_old_reviews_are_reported_by_their_line(tmp_path: Path) -> None:
    data, _ = _break({}, tmp_path)
    path = data / "parameters" / "traffic.yaml"
    text = path.read_text(encoding="utf-8").replace("reviewed: 2026-11-24", "reviewed: 2025-11-23", 1)
    path.write_text(text, encoding="utf-8")
    line = text[: text.index("2025-11-23")].count("\n") + 1
    own = tmp_path / "own.yaml"
    own.write_text("pt.step: {value: 0.15, why: 试试, by: 小李, on: 2025-11-24}\n", encoding="utf-8")
    day = dt.date(2026, 11, 24)
    place = f"rules/data/parameters/traffic.yaml:{line} [pt.new_days]"
    what = "reviewed: 2025-11-23 lies 366 days back, more than 365; look at it again and date it"
    assert findings([own], data, day) == [f"{place} {what}"]
    (found,) = findings([own], DATA, day + dt.timedelta(days=1))
    assert found.startswith(f"{own}:1 [pt.step] on: 2025-11-24 lies 366 days back")
    own.write_text(
        "check.review_after_days: {value: 366, why: 慢些, by: 小李, on: 2026-11-24}\n", encoding="utf-8"
    )
    assert findings([own], DATA, day) == []


def test_a_broken_edit_leaves_the_loaded_rules_as_they_were(tmp_path: Path) -> None:
    data, _ = _break({}, tmp_path)
    base = load(data)
    before = (base.version, len(base.rules))
    (data / "catalog" / "stage.yaml").write_text("decision: [", encoding="utf-8")
    with pytest.raises(DataError):
        load(data)
    assert (base.version, len(base.rules)) == before


def test_an_override_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        load(DATA, tmp_path / "nowhere.yaml")
    assert len(findings([tmp_path / "nowhere.yaml"])) == 1


def test_an_empty_override_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "overrides.yaml"
    path.write_text("# nothing yet\n", encoding="utf-8")
    assert load(DATA, path).parameters.changed == {}


def test_a_former_name_still_overrides(tmp_path: Path) -> None:
    data, _ = _break({}, tmp_path)
    path = data / "parameters" / "traffic.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("pt.step:\n", "pt.step:\n  formerly: [pt.daily_step]\n", 1), encoding="utf-8"
    )
    overrides = tmp_path / "overrides.yaml"
    overrides.write_text(
        "pt.daily_step: {value: 0.15, why: 试试, by: 小李, on: 2026-11-23}\n", encoding="utf-8"
    )
    assert load(data, overrides).parameters.number("pt.step") == 0.15
