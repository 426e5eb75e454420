"""Questions through onnxruntime: the vectors of sentence-transformers, without its imports."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge import onnx_model
from knowledge.embed import Encoder
from knowledge.onnx_model import open_model
from knowledge.retrieve import Library
from knowledge.unpack import MODEL_ID
from knowledge.vectors import Kind

TEXTS = [
    "",
    " ",
    "千川",
    "what is GPM",
    "刚开播一周,场观200,千川一天投500没转化咋办",
    "\n\n a  b\t",
    "🔥千川🔥投流~",
    "<s> 停 </s> <mask>",
    "停留28秒,转化2%。" * 100,  # far beyond the model's 512 tokens
    "a" * 5000,
]


@pytest.fixture(scope="module")
def slow(library: Library) -> Encoder:
    """The same model as one that an operator names, hence by sentence-transformers."""
    encoder = Encoder(str(library.cache_dir / MODEL_ID))
    encoder.warm()
    assert encoder._quick is None
    return encoder


@pytest.fixture
def folder(library: Library, tmp_path: Path) -> Path:
    """The unpacked model in a cache of its own, without its ONNX file."""
    (tmp_path / MODEL_ID).symlink_to(library.cache_dir / MODEL_ID)
    return tmp_path / MODEL_ID


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    assert one.shape == other.shape
    assert one.dtype == other.dtype == np.float32
    return (one * other).sum(axis=-1)


@pytest.mark.parametrize("kind", ["query", "passage"])
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_vectors_are_equal_both_ways(encoder: Encoder, slow: Encoder, text: str, kind: Kind) -> None:
    assert encoder._quick
    assert cosines(encoder.encode([text], kind), slow.encode([text], kind)).min() >= 0.9999
    tokens = encoder.tokens(text, kind)
    assert cosines(tokens, slow.tokens(text, kind)).min(initial=1) >= 0.9999
    assert np.allclose(np.linalg.norm(tokens, axis=1), 1, atol=1e-5)
    assert len(tokens) <= 512


def test_many_texts_are_encoded_alike(encoder: Encoder) -> None:
    many = encoder.encode(TEXTS)
    assert cosines(many, np.concatenate([encoder.encode([text]) for text in TEXTS])).min() >= 0.9999


def test_the_index_holds_no_padding(encoder: Encoder, slow: Encoder) -> None:
    """Texts of one batch are as long as its longest; what fills them up is no token of theirs."""
    sentences, tokens = slow.both(TEXTS, "query")
    for text, sentence, several in zip(TEXTS, sentences, tokens, strict=True):
        assert cosines(encoder.encode([text])[0], sentence) >= 0.9999
        assert cosines(encoder.tokens(text), several).min(initial=1) >= 0.9999


def test_the_file_is_made_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert open_model(folder)
    (file,) = folder.parent.glob("*.onnx")
    assert file.stem.endswith(hashlib.sha256(file.read_bytes()).hexdigest()[:16])
    made = file.stat().st_mtime_ns
    assert open_model(folder)
    assert [f.stat().st_mtime_ns for f in folder.parent.glob("*.onnx")] == [made]
    assert {f.name for f in folder.parent.iterdir()} == {MODEL_ID, file.name}  # no temporary file stays
    assert not caplog.records


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_file_is_made_anew(
    library: Library, folder: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    (good,) = library.cache_dir.glob(f"{MODEL_ID}-v{onnx_model.VERSION}-*.onnx")
    raw = bytearray(good.read_bytes())
    raw[len(raw) // 2] ^= 1
    file = folder.parent / good.name
    file.write_bytes({"flip": bytes(raw), "cut": bytes(raw[: len(raw) // 2]), "empty": b""}[damage])
    with caplog.at_level(logging.WARNING, logger="knowledge"):
        assert open_model(folder)
    assert [r.getMessage() for r in caplog.records] == [f"模型文件 {file.name} 已损坏,正在重做"]
    assert file.read_bytes() == good.read_bytes()


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC])
def test_where_nothing_can_be_written_the_slow_way_answers(
    slow: Encoder,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(onnx_model.tempfile, "mkstemp", full)
    encoder = Encoder(None, folder.parent)
    with caplog.at_level(logging.WARNING, logger="knowledge"):
        vectors = encoder.encode(["千川投流没有转化怎么办"])
        encoder.tokens("又问一句")
    assert encoder._quick is None
    assert cosines(vectors, slow.encode(["千川投流没有转化怎么办"])).min() >= 0.9999
    (line,) = (r.getMessage() for r in caplog.records)
    assert os.strerror(code) in line
    assert "sentence-transformers" in line
    assert list(folder.parent.iterdir()) == [folder]


def test_without_onnxruntime_the_slow_way_answers(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)
    assert open_model(folder) is None
    assert len(caplog.records) == 1


def test_a_cold_question_imports_neither_torch_nor_its_users(library: Library) -> None:
    """`library` has filled the cache."""
    script = (
        "import sys; from bot import cli\n"
        "sys.argv = ['bot.py', 'ask', '受众对得上,就是不买,怎么办']\n"
        "try:\n    cli.main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'onnx'}\n"
        "print(sorted(heavy & sys.modules.keys()), 'onnxruntime' in sys.modules)"
    )
    root = Path(onnx_model.__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert ran.stdout.splitlines()[-1] == "[] True"
    assert ran.stderr == ""
