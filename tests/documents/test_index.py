"""The file of documents: what was put in is there, whole, whoever is killed, waits or reads meanwhile.

The vectors are made up here, so no model is needed and thousands of puts take seconds.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from knowledge import index as index_module
from knowledge.documents.model import Document, Piece
from knowledge.errors import IndexUnusable
from knowledge.index import FILE, Index
from knowledge.keyword import Keywords, Segmenter
from knowledge.load import load_terms
from knowledge.sentences import BRIEF, brief, chunks, sentences
from knowledge.tokens import Compression, sentence_vectors
from knowledge.vectors import Vectors, unit

D = 16
MODEL = "made-up"
ROOT = Path(__file__).parents[2]


def vectors(text: str, n: int) -> Vectors:
    """n vectors that only this text has."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return unit(np.random.default_rng(seed).normal(size=(n, D)))


COMPRESSION = Compression.of(np.concatenate([vectors(str(i), 50) for i in range(10)]))


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(load_terms())


@pytest.fixture
def index(tmp_path: Path, segmenter: Segmenter) -> Iterator[Index]:
    made = Index.create(tmp_path / "own", MODEL, segmenter, COMPRESSION)
    yield made
    made.close()


def document(name: str, texts: Sequence[str], page: int | None = None) -> Document:
    pieces = tuple(Piece(t, ("第一章", "第二节"), page, t[:30]) for t in texts)
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    return Document(name, digest, pieces, sum(map(len, texts)), {})


def encoded(doc: Document) -> Iterator[tuple[Piece, Vectors, Vectors]]:
    for piece in doc.pieces:
        tokens = vectors(piece.text, max(1, len(piece.text) // 2))
        yield piece, unit(tokens.mean(axis=0)), tokens


def put(index: Index, path: str, texts: Sequence[str]) -> Document:
    doc = document(Path(path).name, texts)
    index.put(path, doc, encoded(doc), {"kept": doc.kept, "dropped": {}})
    return doc


def held(index: Index) -> list[str]:
    """The text of every passage, by its number."""
    return [index.passage(i).text for i in index.ids()]


def query(text: str) -> Vectors:
    return unit(vectors(text, max(1, len(text) // 2)).mean(axis=0))


# -- in, replaced, out ------------------------------------------------------------------------------------


def test_a_passage_comes_back_with_its_place(index: Index) -> None:
    doc = document("规则 2026.pdf", ["直播间要先留人。再卖货。", "第二页讲退货。"], page=7)
    index.put("/x/规则 2026.pdf", doc, encoded(doc), {"kept": 3, "dropped": {"contact": 2}})
    (stored,) = index.documents()
    assert (stored.path, stored.name, stored.passages) == ("/x/规则 2026.pdf", "规则 2026.pdf", 2)
    assert stored.report == {"kept": 3, "dropped": {"contact": 2}}
    passage = index.find(f"D{doc.sha256[:8]}.2")
    assert passage is not None
    assert passage.text == "第二页讲退货。"
    assert passage.path == ("规则 2026.pdf", "第一章", "第二节")
    assert passage.sources == ("规则 2026.pdf 第7页",)
    assert passage.document == "规则 2026.pdf"
    assert len(index) == 2
    assert passage == index.passage(index.ids()[1])


@pytest.mark.parametrize(
    "id", ["", "D", "D.", "D1.1", "HB4.4", "D{}.²", "D{}.١", "D{}.0", "D{}.3", "D{}.-1", "D{}." + "9" * 5000,
           "D{}.99999999999999999999", "D%.1", "D________.1", "DD{}.1", "D{}.1\n", "d{}.1"],
)  # fmt: skip
def test_an_id_that_no_passage_has(index: Index, id: str) -> None:
    doc = put(index, "/a.txt", ["一", "二"])
    assert index.find(id.format(doc.sha256[:8])) is None


def test_what_is_near_and_what_shares_words_is_proposed(index: Index) -> None:
    texts = [f"第{i}段讲的是{word}怎么做。" for i, word in enumerate(("投流", "退货", "排品", "话术"))]
    put(index, "/a.txt", texts)
    proposed = index.proposed(query(texts[2]), "退货")
    bm25 = proposed.bm25
    assert list(proposed.rows) == [0, 1, 2, 3]
    assert list(bm25) == [1]
    heads = np.split(proposed.heads, proposed.of_heads[1:])
    tokens_of = np.split(proposed.tokens, proposed.of_tokens[1:])
    near = [float(h.mean(axis=0) @ query(texts[2])) for h in heads]
    assert int(np.argmax(near)) == 2
    for row, text in enumerate(texts):
        tokens = vectors(text, len(text) // 2)
        assert tokens_of[row].dtype == np.int8
        similar = index.compression.similar(tokens_of[row], tokens)
        assert np.abs(similar - tokens @ tokens.T).max() < 0.05
        assert np.allclose(index.heads(index.ids()[row]), heads[row])


def test_common_words_do_not_rank_many_passages(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    put(index, "/a.txt", ["直播间的退货", "直播间的投流", "直播间的话术", "直播间的排品", "直播间的选品"])
    assert len(index.proposed(query("x"), "直播间退货").bm25) == 5
    monkeypatch.setattr("knowledge.index._MANY", 4)
    assert list(index.proposed(query("x"), "直播间退货").bm25) == [0]
    assert len(index.proposed(query("x"), "直播间").bm25) == 5  # nothing rarer to go by


def test_an_empty_index_proposes_nothing(index: Index) -> None:
    proposed = index.proposed(query("x"), "退货")
    bm25 = proposed.bm25
    assert (len(index), len(proposed.rows), bm25, index.documents(), index.version) == (0, 0, {}, [], "")
    assert not index.remove("/a.txt")


def test_the_same_content_twice_is_held_once_and_not_encoded_again(index: Index) -> None:
    doc = put(index, "/a.txt", ["一样的话。"])
    put(index, "/b.txt", ["别的话。"])

    def never() -> Iterator[tuple[Piece, Vectors, Vectors]]:
        raise AssertionError("encoded again")
        yield

    for path in ("/a.txt", "/b.txt", "/c.txt"):
        there = index.put(path, doc, never(), {})
        assert there is not None
        assert there.path == "/a.txt"
    assert held(index) == ["一样的话。"]  # what /b.txt said before is out


def test_the_version_is_of_the_documents_alone(index: Index, tmp_path: Path, segmenter: Segmenter) -> None:
    seen = [index.version]
    for texts in (["甲"], ["乙"]):
        put(index, "/a.txt", texts)
        seen.append(index.version)
    put(index, "/b.txt", ["甲"])
    seen.append(index.version)
    index.rename("/b.txt", "/c.txt", "c.txt")
    seen.append(index.version)
    assert len(set(seen)) == len(seen)
    assert all(len(v) == 12 for v in seen[1:])
    other = Index.create(tmp_path / "other", MODEL, segmenter, COMPRESSION)
    put(other, "/elsewhere/c.txt", ["甲"])
    put(other, "/elsewhere/a.txt", ["乙"])
    assert other.version == index.version
    other.close()


def test_any_puts_and_removals_leave_what_was_put_last(
    tmp_path: Path, segmenter: Segmenter, index: Index
) -> None:
    chance = random.Random(20261126)
    words = ["投流", "退货", "排品", "话术", "场观", "客单价", "千川"]
    reader = Index.open(tmp_path / "own", MODEL, segmenter)
    expected: dict[str, list[str]] = {}
    for step in range(150):
        path = f"/d/{chance.randrange(8)}.txt"
        if chance.random() < 0.3:
            assert index.remove(path) == (path in expected)
            expected.pop(path, None)
        elif chance.random() < 0.1:
            before = held(index)
            doc = document("x.txt", [f"坏了{step}", "x"])

            def half(doc: Document = doc) -> Iterator[tuple[Piece, Vectors, Vectors]]:
                yield next(encoded(doc))
                raise KeyError("the model is gone")

            with pytest.raises(KeyError):
                index.put(path, doc, half(), {})
            assert held(index) == before
        else:
            texts = [f"{step}.{i} {chance.choice(words)}的事。" for i in range(chance.randrange(1, 6))]
            put(index, path, texts)
            expected[path] = texts
        if step % 5:
            continue
        wanted = sorted(t for texts in expected.values() for t in texts)
        for one in (index, reader):
            assert sorted(held(one)) == wanted
            assert {d.path: d.passages for d in one.documents()} == {p: len(t) for p, t in expected.items()}
            word = chance.choice(words)
            proposed = one.proposed(query("x"), word)
            bm25 = proposed.bm25
            assert sorted(one.passage(int(proposed.ids[r])).text for r in bm25) == [
                t for t in wanted if word in t
            ]
            assert len(proposed.rows) == len(wanted)
    database = sqlite3.connect(tmp_path / "own" / FILE)
    wanted = sorted(t for texts in expected.values() for t in texts)
    tables = ("passages", "vectors", "tokens", "words")
    counts = {t: database.execute(f"select count(*) from {t}").fetchone()[0] for t in tables}
    assert set(counts.values()) == {len(wanted)}
    database.execute("insert into words (words) values ('integrity-check')")
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    database.close()
    reader.close()


# -- folders that are no index ------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def other_database(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("create table about (name text, value text)")
        database.execute("create table clients (name text)")
    database.close()


def nothing_like_it(file: Path) -> None:
    file.write_bytes("这不是数据库。".encode() * 500)


@pytest.mark.parametrize("spoil", [other_database, nothing_like_it, Path.touch, Path.mkdir])
@pytest.mark.parametrize("writable", [True, False])
def test_what_is_no_index_is_refused_and_untouched(
    tmp_path: Path,
    segmenter: Segmenter,
    spoil: Callable[[Path], object],
    writable: bool,
) -> None:
    spoil(tmp_path / FILE)
    before = contents(tmp_path)
    opened = partial(Index.create, compression=COMPRESSION) if writable else Index.open
    with pytest.raises(IndexUnusable) as refused:
        opened(tmp_path, MODEL, segmenter)
    assert contents(tmp_path) == before
    assert "\n" not in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_a_folder_with_other_things_is_refused_and_untouched(tmp_path: Path, segmenter: Segmenter) -> None:
    (tmp_path / "合同.docx").write_bytes(b"mine")
    with pytest.raises(IndexUnusable, match="别的东西"):
        Index.create(tmp_path, MODEL, segmenter, COMPRESSION)
    assert contents(tmp_path) == {"合同.docx": b"mine"}
    with pytest.raises(IndexUnusable, match="没有导入过"):
        Index.open(tmp_path, MODEL, segmenter)
    with pytest.raises(IndexUnusable, match="写不进去"):  # a file where the folder should be
        Index.create(tmp_path / "合同.docx", MODEL, segmenter, COMPRESSION)


def test_an_index_of_another_model_or_format(
    tmp_path: Path, index: Index, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(index, "/a.txt", ["一"])
    folder = tmp_path / "own"
    with pytest.raises(IndexUnusable, match=MODEL):
        Index.open(folder, "another", segmenter)
    with pytest.raises(IndexUnusable, match=MODEL):
        Index.create(folder, "another", segmenter, COMPRESSION)
    with monkeypatch.context() as patch:
        patch.setattr(index_module, "FORMAT", index_module.FORMAT + 1)
        with pytest.raises(IndexUnusable, match="旧版本"):
            Index.open(folder, MODEL, segmenter)
    assert held(index) == ["一"]


@pytest.mark.parametrize("name", ["中文 和 空格", "a#b?c%20d", "引号'\"", "e\u0301"])
def test_any_name_of_a_folder(tmp_path: Path, segmenter: Segmenter, name: str) -> None:
    folder = tmp_path / name / "里面"
    made = Index.create(folder, MODEL, segmenter, COMPRESSION)
    put(made, f"/{name}/a.txt", ["一"])
    made.close()
    assert [p.name for p in folder.iterdir()] == [FILE]
    again = Index.open(folder, MODEL, segmenter)
    assert held(again) == ["一"]
    assert again.documents()[0].path == f"/{name}/a.txt"
    again.close()


def test_a_damaged_file_is_told_in_one_line(tmp_path: Path, segmenter: Segmenter) -> None:
    folder = tmp_path / "own"
    made = Index.create(folder, MODEL, segmenter, COMPRESSION)
    put(made, "/a.txt", [f"第{i}段讲退货。" for i in range(60)])
    made.close()
    file, size = folder / FILE, (folder / FILE).stat().st_size
    whole = file.read_bytes()
    told = []

    def read() -> None:
        opened = Index.open(folder, MODEL, segmenter)
        try:
            opened.proposed(query("x"), "退货")
            held(opened)
            opened.documents()
        finally:
            opened.close()

    for place in range(0, size, 4096 * 3):
        file.write_bytes(whole[:place] + random.Random(place).randbytes(4096) + whole[place + 4096 :])
        try:
            read()
        except IndexUnusable as error:
            told.append(str(error))
    assert told  # damage inside a text or a vector is nobody's to see
    assert not any("\n" in t for t in told)
    file.write_bytes(whole[: size // 2])
    with pytest.raises(IndexUnusable, match="读不了"):
        read()


# -- read-only, full, killed, at once ------------------------------------------------------------------------


def test_a_read_only_folder_is_searched(segmenter: Segmenter) -> None:
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        folder = Path(above) / "own"
        made = Index.create(folder, MODEL, segmenter, COMPRESSION)
        put(made, "/a.txt", ["只读也能查退货。"])
        made.close()
        (folder / FILE).chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:  # to whom nothing is read-only
            os.seteuid(65534)
        try:
            assert not os.access(folder, os.W_OK, effective_ids=True)
            opened = Index.open(folder, MODEL, segmenter)
            assert held(opened) == ["只读也能查退货。"]
            assert list(opened.proposed(query("x"), "退货").bm25) == [0]
            assert len(list(folder.iterdir())) == 1
            opened.close()
            with pytest.raises(IndexUnusable):
                put(Index.create(folder, MODEL, segmenter, COMPRESSION), "/b.txt", ["二"])
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_a_full_disk_leaves_the_index_as_it_was(index: Index, tmp_path: Path, segmenter: Segmenter) -> None:
    put(index, "/a.txt", ["旧的一段。"])
    version = index.version
    (pages,) = index._database.execute("pragma page_count").fetchone()
    index._database.execute(f"pragma max_page_count = {pages + 10}")
    with pytest.raises(IndexUnusable, match=r"写不进去.*腾出空间"):
        put(index, "/a.txt", [f"新的第{i}段。" * 40 for i in range(60)])
    reader = Index.open(tmp_path / "own", MODEL, segmenter)
    for one in (index, reader):
        assert (held(one), one.version) == (["旧的一段。"], version)
    index._database.execute("pragma max_page_count = 1000000")
    put(index, "/a.txt", [f"新的第{i}段。" for i in range(60)])
    assert (len(index), len(reader)) == (60, 60)
    reader.close()


CHILD = """
import sys, time
sys.path[:0] = [{root!r}, {here!r}]
from pathlib import Path
from test_index import *
segmenter = Segmenter(load_terms())
folder, what = Path(sys.argv[1]), sys.argv[2]
index = Index.create(folder, MODEL, segmenter, COMPRESSION)
print("open", flush=True)
if what == "endless":
    put(index, "/small.txt", ["一份完整的小文件。"])
    doc = document("big.txt", [f"第{{i}}段。" * 50 for i in range(2000)])
    def slowly():
        for number, one in enumerate(encoded(doc)):
            if number == 1500:
                print("half", flush=True)
                time.sleep(60)
            yield one
    index.put("/big.txt", doc, slowly(), {{}})
elif what == "many":
    for i in range(30):
        put(index, f"/{{sys.argv[3]}}/{{i}}.txt", [f"{{sys.argv[3]}} {{i}} {{j}}" for j in range(5)])
elif what == "swap":
    for i in range(10_000):
        put(index, "/swapped.txt", [f"第{{i}}版的{{j}}退货。" for j in range(i % 3 + 1)])
index.close()
"""


def child(folder: Path, *args: str) -> subprocess.Popen[str]:
    code = CHILD.format(root=str(ROOT), here=str(Path(__file__).parent))
    command = [sys.executable, "-c", code, str(folder), *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_in_the_middle_of_a_document(tmp_path: Path, segmenter: Segmenter) -> None:
    folder = tmp_path / "own"
    process = child(folder, "endless")
    assert process.stdout
    assert [process.stdout.readline() for _ in range(2)] == ["open\n", "half\n"]
    reader = Index.open(folder, MODEL, segmenter)
    assert held(reader) == ["一份完整的小文件。"]  # while the other one is at it
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert held(reader) == ["一份完整的小文件。"]
    reader.close()
    again = Index.create(folder, MODEL, segmenter, COMPRESSION)
    assert [d.path for d in again.documents()] == ["/small.txt"]
    put(again, "/big.txt", ["大的,", "这次做完了。"])
    assert held(again) == ["一份完整的小文件。", "大的,", "这次做完了。"]
    again.close()
    assert [p.name for p in folder.iterdir()] == [FILE]


def test_several_at_once_into_a_new_index(tmp_path: Path, segmenter: Segmenter) -> None:
    folder = tmp_path / "own"
    processes = [child(folder, "many", name) for name in ("甲", "乙")]
    ends = [p.communicate(timeout=100) for p in processes]
    assert [p.returncode for p in processes] == [0, 0], ends
    reader = Index.open(folder, MODEL, segmenter)
    assert len(reader) == 2 * 30 * 5
    assert all(d.passages == 5 for d in reader.documents())
    reader.close()


def test_who_waits_longer_than_sqlite_does(
    index: Index, tmp_path: Path, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_WAIT", 0.1)
    other = Index.create(tmp_path / "own", MODEL, segmenter, COMPRESSION)
    doc = document("slow.txt", ["慢", "慢慢"])

    def slowly() -> Iterator[tuple[Piece, Vectors, Vectors]]:
        for one in encoded(doc):
            time.sleep(0.5)
            yield one

    first = threading.Thread(target=index.put, args=("/slow.txt", doc, slowly(), {}))
    first.start()
    time.sleep(0.1)
    put(other, "/quick.txt", ["快"])
    first.join()
    assert held(other) == ["慢", "慢慢", "快"]
    other.close()


def test_made_at_once_the_first_one_stays(tmp_path: Path, segmenter: Segmenter) -> None:
    """Who finds none and is overtaken while making one must not lay it over the other's documents."""
    folder = tmp_path / "own"
    first = Index.create(folder, MODEL, segmenter, COMPRESSION)
    put(first, "/a.txt", ["一"])
    index_module._make(folder / FILE, MODEL, COMPRESSION)
    second = Index.create(folder, MODEL, segmenter, COMPRESSION)
    assert held(second) == ["一"]
    second.close()
    first.close()


def test_searched_while_another_process_replaces(tmp_path: Path, segmenter: Segmenter) -> None:
    """What is proposed is of one moment: no passage without its vectors, no words without their passage."""
    folder = tmp_path / "own"
    process = child(folder, "swap")
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    reader = Index.open(folder, MODEL, segmenter)
    wrong: list[BaseException] = []

    def search() -> None:
        end = time.monotonic() + 3
        try:
            while time.monotonic() < end:
                proposed = reader.proposed(query("x"), "退货")
                bm25 = proposed.bm25
                assert len(proposed.rows) == len(bm25) == len(proposed.of_tokens)
                assert list(proposed.rows) == list(range(len(proposed.rows)))
                assert len(reader.documents()) <= 1
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert process.poll() is None  # it was at it all the time
    process.kill()
    process.communicate()
    assert not wrong
    assert held(reader)
    reader.close()


def test_a_passage_that_went_meanwhile_is_not_found(
    index: Index, tmp_path: Path, segmenter: Segmenter
) -> None:
    put(index, "/a.txt", ["一", "二"])
    reader = Index.open(tmp_path / "own", MODEL, segmenter)
    reader.proposed(query("x"), "一")
    index.remove("/a.txt")
    put(index, "/b.txt", ["三", "四"])  # whose numbers are new
    for ask in (reader.passage, reader.heads):
        with pytest.raises(LookupError):
            ask(1)
    reader.close()


# -- token vectors, sentences, words ------------------------------------------------------------------------


def test_packing_loses_at_most_half_a_step_a_direction() -> None:
    tokens = vectors("fitted", 4000)
    compression = Compression.of(tokens)
    packed = compression.pack(tokens)
    k = compression.basis.shape[1]
    assert (packed.shape, packed.dtype, k) == ((4000, k), np.int8, D)  # fewer dimensions than 128: all kept
    assert np.allclose(compression.basis.T @ compression.basis, np.eye(k), atol=1e-5)
    step = float(compression.scale[0])
    inside = np.abs((tokens - compression.mean) @ compression.basis) <= 127 * step
    assert inside.mean() > 0.999
    mended = packed * step @ compression.basis.T + compression.mean
    whole = inside.all(axis=1)
    errors = np.linalg.norm(mended - tokens, axis=1)[whole]
    assert errors.max() <= step / 2 * np.sqrt(k) + 1e-5
    query = vectors("query", 7)
    similar = compression.similar(packed, query)
    assert (similar.shape, similar.dtype) == ((4000, 7), np.float32)
    assert np.abs(similar - tokens @ query.T)[whole].max() <= step / 2 * np.sqrt(k) + 1e-4
    assert np.allclose(similar, compression.similar(packed.astype(np.float32), query))


def test_packing_is_the_same_every_time_and_cuts_what_lies_outside() -> None:
    tokens = vectors("fitted", 500)
    one, two = Compression.of(tokens), Compression.of(tokens.copy())
    for name in ("mean", "basis", "scale"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
        assert getattr(one, name).dtype == np.float32
    assert one.pack(tokens).tobytes() == two.pack(tokens).tobytes()
    far = one.pack(100 * tokens)
    assert far.min() == -127
    assert far.max() == 127
    flat = Compression.of(np.ones((3, D), np.float32))  # nothing to tell apart
    assert np.isfinite(flat.similar(flat.pack(np.ones((2, D), np.float32)), tokens[:1])).all()


@pytest.mark.parametrize(
    "text", ["一句。", "没有句号", "一。二!三?", "一\n\n二\n", "a; b; c", "长" * 600 + "。短。"]
)
@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_a_vector_for_each_sentence_that_has_a_token(text: str, count: int) -> None:
    tokens = vectors("tokens", count)
    found = sentence_vectors(text, tokens)
    assert found.shape[1] == D
    assert 1 <= len(found) <= len(sentences(text))
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    if len(sentences(text)) == 1:
        assert np.allclose(found[0], unit(tokens.mean(axis=0)), atol=1e-6)


def test_sentences_get_the_tokens_that_are_theirs() -> None:
    tokens = vectors("tokens", 10)
    first, second = sentence_vectors("一二三。四五六七八。", tokens)  # 4 and 6 of 10 characters
    assert np.allclose(first, unit(tokens[:4].mean(axis=0)))
    assert np.allclose(second, unit(tokens[4:].mean(axis=0)))


def test_a_digest_is_short_whole_and_from_the_text() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        text = "".join(chance.choice("价退货一二三。!?;;\n ab") for _ in range(chance.randrange(400)))
        text = "退" + text
        assert "".join(sentences(text)) == text
        at = chance.randrange(max(1, len(sentences(text))))
        told = brief(text, at)
        assert len(told) <= BRIEF
        assert told.removesuffix("…") in text  # nothing is put together that did not stand together
        assert "\n" not in told
    assert brief("第一句。第二句。第三句。", 1) == "第一句。第二句。第三句。"
    assert brief("问题: 会员日; 回答: 每月 18 日\n问题: 快递; 回答: 中通", 2) == "问题: 快递; 回答: 中通"
    assert brief("二、退款多久到账\n审核后 3 天到账。\n三、运费", 0) == "审核后 3 天到账。"
    assert brief("前面的话。" * 30 + "要的一句。后一句。", 30) == "要的一句。后一句。"
    assert brief("长" * 300, 0) == "长" * (BRIEF - 1) + "…"
    assert brief("一。" + "长" * 119) == "一。"


def test_chunks_are_the_text() -> None:
    text = "第一句话。第二句话!\n第三句话?" * 40
    found = chunks(text, 100)
    assert all(len(c) <= 100 for c in found)
    assert "".join("".join(found).split()) == "".join(text.split())


ODD = [
    "", " ", '"', '""', "'", "*", "a*", "NOT", "AND OR NOT", "text:x", "(", '退货"', "退货 OR", "NEAR(a b)",
    "\0", "退货\0", "-", "^", "😀", "%", ";--", "{a}", "退" * 3000,
]  # fmt: skip


def test_keywords_count_any_words_and_take_any_question(segmenter: Segmenter) -> None:
    words = Keywords(sqlite3.connect(":memory:"))

    def scores(question: str, most: int = -1) -> dict[int, float]:
        return words.scores(segmenter.words(question), most)

    assert scores("退货") == {}
    said = ["退货怎么处理", "GMV 和 ROI 3.5", "退货退货退货很多", "C++ a_b it's", "价格 \" 引号 ' *"]
    for row, text in enumerate(said):
        words.add(row, segmenter.words(text))
    found = scores("退货")
    assert set(found) == {0, 2}
    assert list(found) == [2, 0]  # the best first
    assert list(scores("退货", 1)) == [2]
    assert set(scores("gmv")) == set(scores("GMV")) == {1}
    assert set(scores("ROI 3.5 是多少")) == {1}
    for odd in ODD:
        assert isinstance(scores(odd), dict), odd
        assert isinstance(words.scores([odd.replace("\0", "")]), dict), odd
    assert set(scores('"退货"')) == {0, 2}
    assert words.known("退货")
    assert not words.known("没有的词")
    assert not words.known("")
    words.remove(2)
    assert set(scores("退货")) == {0}
    words.remove(0)
    assert not words.known("退货")
