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
from rules.errors import DataError, sentences
from rules.facts import DATA
from rules.load import load
from rules.yaml_lines import read_yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
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
    what = "上次复核是 2025-11-23,过了 366 天,超过 365 天; 重新看一遍,再把 reviewed 改成看的那天"
    assert findings([own], data, day) == [f"{place} {what}"]
    (found,) = findings([own], DATA, day + dt.timedelta(days=1))
    assert found.startswith(f"{own}:1 [pt.step] 上次复核是 2025-11-24,过了 366 天,")
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
    with pytest.raises(DataError, match="没有这个文件"):
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


def test_every_sentence_is_whole_and_said_somewhere() -> None:
    sources = [*Path(rules.load.__file__).parent.glob("*.py"), ROOT / "bot/crossings.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    for name, sentence in sentences()["findings"].items():
        assert set(sentence) == {"what", "right"}, name
        assert f'"{name}"' in code, name
    for name in sentences()["slips"]:
        assert f'"{name}"' in code, name


def test_one_broken_line_hides_neither_the_others_nor_their_faults(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    good = "value: 0.15, why: 试试, by: 小李, on: 2026-11-23}\n"
    own.write_text(
        f"pt.step: {{{good}pt.over\uff1a{{{good}pt.cut_idx: {{value: 9, {good[13:]}", encoding="utf-8"
    )
    found = findings([own])
    assert [line.partition(" ")[0] for line in found] == [f"{own}:2", f"{own}:3"]
    assert "后面的冒号是全角“\uff1a”" in found[0]
    assert "value 写成了 9" in found[1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_a_text_editor_adds_is_no_fault(tmp_path: Path, encoding: str, end: str) -> None:
    own = tmp_path / "own.yaml"
    text = (
        f"# 自己的线{end}pt.step:{end}  value: 0.15{end}  why: 试试{end}  by: 小李{end}  on: 2026-11-23{end}"
    )
    own.write_bytes(text.encode(encoding))
    assert load(DATA, own).parameters.number("pt.step") == 0.15


@pytest.mark.parametrize(
    "why", ["客户反馈\uff0c先慢\uff1b再看", "“先慢”", "'a, b: c # d'", '"a, b: c"', "a#b", "5%"]
)
def test_what_a_person_may_write_is_no_fault(tmp_path: Path, why: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        f"pt.step: {{value: 0.15, why: {why}, by: 小李, on: 2026-11-23}} # 见会议\n", encoding="utf-8"
    )
    assert findings([own]) == []


def test_a_file_that_cannot_be_read_says_that_nothing_was_answered(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("pt.step: {value: 2, why: 试试, by: 小李, on: 2026-11-23}\n", encoding="utf-8")
    with pytest.raises(DataError) as one:
        load(DATA, own)
    assert str(one.value).startswith(f"{own}:1 [pt.step] value 写成了 2,")
    assert "什么都没有回答,也没有拿默认值顶替" in str(one.value)
    assert "\n" not in str(one.value)
    own.write_text("pt.step: 2\npt.over: 2\n", encoding="utf-8")
    with pytest.raises(DataError) as two:
        load(DATA, own)
    assert [line.startswith(str(own)) for line in str(two.value).splitlines()] == [True, True, False]
