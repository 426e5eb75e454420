"""`ingest`, and `search` and `ask` over what it put in, through the contract."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from knowledge import retrieve
from knowledge.index import FILE
from knowledge.retrieve import Library
from tests.cli.running import Command

KEYS = {"file", "document", "state", "passages", "kept", "dropped", "same_as", "error"}
REASONS = {
    "advertising", "contact", "pinyin", "mojibake", "furniture", "duplicate", "instructions"
}  # fmt: skip
NUTS = "山核桃要在白露之后采收,脱蒲三天再下锅,炒到壳色发亮才能装袋。"
TEA = "明前茶的青叶要当天摊放当天杀青,隔夜的青叶只能做成烘青,价钱差一半。"
ASK = "山核桃什么时候采收"


@pytest.fixture
def own(inside: Command, library: Library, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Like `inside`, with a library of its own for each command, of the model that is loaded already."""

    def opened(
        model: str | None = None,
        cache_dir: Path | None = None,
        handbook_dir: Path | None = None,
        documents: Path | None = None,
        alone: bool = False,
    ) -> Library:
        return Library(library.passages, library.encoder, library.cache_dir, documents, alone)

    monkeypatch.setattr(Library, "open", staticmethod(opened))
    shared = library._ready()  # the handbook is the same for all, and a second to load
    monkeypatch.setattr(retrieve, "Segmenter", lambda *_: shared.segmenter)
    monkeypatch.setattr(retrieve, "Handbook", lambda *_: shared.handbook)
    return inside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "我的 资料"
    folder.mkdir()
    (folder / "坚果.md").write_text(f"# 坚果\n\n## 采收\n\n{NUTS}\n", encoding="utf-8")
    (folder / "茶.txt").write_text(f"{TEA}咨询电话 13812345678。", encoding="utf-8")
    return folder


def found(own: Command, *args: str) -> dict[str, Any]:
    run = own(["search", "--json", *args])
    assert (run.status, run.err) == (0, "")
    (answer,) = run.answers
    return answer


def test_one_line_a_file(own: Command, folder: Path, tmp_path: Path) -> None:
    index = str(tmp_path / "索引 一")
    run = own(["ingest", str(folder), "--index", index, "--json"])
    assert (run.status, run.err) == (0, "")
    assert [a["document"] for a in run.answers] == ["坚果.md", "茶.txt"]
    for answer in run.answers:
        assert answer.keys() >= KEYS
        assert (answer["state"], answer["passages"], answer["error"]) == ("added", 1, None)
        assert answer["kept"] > 20
        assert set(answer["dropped"]) <= REASONS
    assert run.answers[1]["dropped"]["contact"] >= 11
    again = own(["ingest", str(folder), "--index", index])
    assert (again.status, again.err) == (0, "")
    assert [line[:4] for line in again.out.splitlines()] == ["没有变化"] * 2
    (folder / "茶.txt").unlink()
    removed = own(["ingest", str(folder), "--index", index, "--remove", "坚果.md"])
    assert removed.status == 0
    lines = removed.out.splitlines()
    assert lines[0].startswith("已移出 坚果.md")
    assert lines[1].startswith("已移出 茶.txt")
    assert lines[2].startswith("已导入 坚果.md:1 段")  # named together: out, and in anew


def test_what_was_dropped_is_told_in_words(own: Command, folder: Path) -> None:
    (folder / "坚果.md").unlink()
    run = own(["ingest", str(folder)])
    (line,) = run.out.splitlines()
    assert line.startswith("已导入 茶.txt:1 段,保留 ")
    assert "联系方式" in line


def test_refused_files_beside_good_ones(own: Command, folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "坏的.docx"
    bad.write_bytes(b"no zip")
    args = ["ingest", str(bad), str(folder), str(tmp_path / "没有.txt"), "--index", str(tmp_path / "own")]
    run = own([*args, "--json"])
    assert run.status == 2
    assert [a["state"] for a in run.answers] == ["refused", "added", "added", "refused"]
    assert len(run.complaints) == 2
    for answer, line in zip((run.answers[0], run.answers[3]), run.complaints, strict=True):
        assert answer["error"]["message"] == line
        assert answer["document"] in line
        assert answer["error"]["code"].startswith("document")
    prose = own(args)
    assert prose.status == 2
    assert (len(prose.out.splitlines()), len(prose.complaints)) == (2, 2)
    gone = own(["ingest", "--remove", "没有.txt", "--index", str(tmp_path / "own"), "--json"])
    assert (gone.status, len(gone.complaints)) == (2, 1)
    assert "坚果.md" in gone.err  # what there is


@pytest.mark.parametrize("command", ["search", "ask", "ingest"])
@pytest.mark.parametrize("spoilt", ["other things", "no database", "cut short"])
def test_what_is_no_index_is_one_line(
    own: Command, folder: Path, tmp_path: Path, command: str, spoilt: str
) -> None:
    index = tmp_path / "own"
    if spoilt == "other things":
        index.mkdir()
        (index / "合同.docx").write_bytes(b"mine")
    elif spoilt == "no database":
        index.mkdir()
        (index / FILE).write_bytes(b"nonsense" * 1000)
    else:
        own(["ingest", str(folder), "--index", str(index)])
        (index / FILE).write_bytes((index / FILE).read_bytes()[:20_000])
    before = {p.name: p.read_bytes() for p in index.iterdir()}
    run = own([command, str(folder) if command == "ingest" else ASK, "--index", str(index)])
    assert (run.status, run.out, len(run.complaints)) == (2, "", 1)
    assert str(index) in run.err
    assert {name: (index / name).read_bytes() for name in before} == before


def test_nothing_to_read_and_nothing_there(own: Command, tmp_path: Path) -> None:
    (run, missing) = own(["ingest"]), own(["search", ASK, "--index", str(tmp_path / "nowhere")])
    for one in (run, missing):
        assert (one.status, one.out, len(one.complaints)) == (2, "", 1)
    assert "ingest" in missing.err  # how to make one
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "empty").mkdir()
    empty = own(["ingest", str(tmp_path / "empty"), "--index", str(tmp_path / "own"), "--json"])
    assert (empty.status, empty.out) == (0, "")
    answer = found(own, ASK, "--index", str(tmp_path / "own"))
    assert (answer["grounded"], answer["passages"], answer["nearest"]) == (False, [], [])


def test_search_in_an_index_reads_it_alone(own: Command, folder: Path, tmp_path: Path) -> None:
    index = str(tmp_path / "own")
    own(["ingest", str(folder), "--index", index])
    answer = found(own, ASK, "--index", index, "--top", "100")
    assert answer["grounded"]
    assert [p["document"] for p in answer["passages"]] == ["坚果.md", "茶.txt"]
    first = answer["passages"][0]
    assert (first["path"], first["source"]) == (["坚果.md", "坚果", "采收"], "坚果.md")
    assert NUTS in first["text"]
    assert first["reply"] in first["text"]
    assert "13812345678" not in json.dumps(answer, ensure_ascii=False)
    # without it neither is there, and the operator's own folder is another
    assert all(p["document"] == "handbook" for p in found(own, ASK)["passages"])
    # the id stays, though it came in again
    own(["ingest", "--remove", "坚果.md", "--index", index])
    own(["ingest", str(folder), "--index", index])
    again = found(own, ASK, "--index", index, "--top", "100")
    assert [p["passage"] for p in again["passages"]] == [p["passage"] for p in answer["passages"]]


def test_without_an_index_handbook_and_documents_together(own: Command, folder: Path) -> None:
    assert own(["ingest", str(folder)]).status == 0
    assert found(own, ASK)["passages"][0]["document"] == "坚果.md"
    paid = found(own, "付费流量什么时候加钱", "--top", "100")["passages"]
    assert paid[0]["passage"] == "HB4.4"
    ids = [p["passage"] for p in paid]
    assert len(set(ids)) == len(ids)
    prose = own(["search", ASK])
    assert "坚果.md" in prose.out
    assert NUTS in prose.out


def test_what_ask_says_from_an_index_is_cited(own: Command, folder: Path, tmp_path: Path) -> None:
    index = str(tmp_path / "own")
    own(["ingest", str(folder), "--index", index])
    run = own(["ask", "--json", "--index", index, "山核桃在抖音上卖,什么时候采收?"])
    (answer,) = run.answers
    assert (run.status, answer["refused"]) == (0, None)
    named = {p["basis"]["passage"] for p in answer["parts"] if "passage" in p["basis"]}
    cited = {c["passage"]: c for c in answer["citations"]}
    assert named
    assert named <= set(cited)
    (nuts,) = (c for c in cited.values() if NUTS in c["text"])
    assert nuts["source"] == "坚果.md"
    assert nuts["passage"] in named
    assert "白露之后" in answer["text"]
    assert not [one for one in named if one.startswith("HB")]


def test_two_at_once_and_then_a_search(command: Command, folder: Path, tmp_path: Path) -> None:
    """As processes of their own, into an index that neither finds there."""
    index = str(tmp_path / "own")
    for i in range(6):
        (folder / f"{i}.txt").write_text(f"第{i}份。{TEA}{NUTS}", encoding="utf-8")
    with ThreadPoolExecutor(2) as pool:
        args = ["ingest", str(folder), "--index", index, "--json"]
        runs = [f.result() for f in [pool.submit(command, args) for _ in range(2)]]
    assert [(r.status, r.err) for r in runs] == [(0, ""), (0, "")]
    told = [sorted(s) for s in zip(*([a["state"] for a in r.answers] for r in runs), strict=True)]
    assert told == [["added", "unchanged"]] * 8
    run = command(["search", "--json", "--top", "100", "--index", index, ASK])
    (answer,) = run.answers
    assert sorted(p["document"] for p in answer["passages"]) == sorted(p.name for p in folder.iterdir())
