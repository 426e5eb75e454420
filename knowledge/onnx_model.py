"""The bundled model as onnxruntime runs it: a question answered without torch, in a third of the time.

One file beside the unpacked model, made at `setup` or at first need. Its name carries the model, the version
of the graph and the beginning of its own SHA-256: a stale one is not met, a damaged one is noticed and made
anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.vectors import THREADS, Kind, Vectors, prompt_of, unit

_log = logging.getLogger("knowledge")
VERSION = 1  # raise it when `knowledge.onnx_graph` computes something else


class OnnxModel:
    """One text at a time to vectors, equal to sentence-transformers' on the same folder."""

    def __init__(self, file: Path, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.log_severity_level = 3  # errors only; they are raised as well
        # Threads that spin while they wait turn 20 ms into a second as soon as the machine is shared.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_json(folder / "config.json")["max_position_embeddings"])
        self._prompts: dict[str, str] = _json(folder / "config_sentence_transformers.json")["prompts"]

    def encode(self, text: str, kind: Kind) -> tuple[Vectors, Vectors]:
        """The sentence vector, shape (d,), and token vectors, shape (t, d), of one text; of unit length.

        What lies beyond the model's 512 tokens is cut. Prompt and special tokens have no token vectors.
        """
        prompt = prompt_of(self._prompts, kind)
        ids = np.array([self._tokenizer.encode(prompt + text).ids], np.int64)
        (states,) = self._session.run(None, {"ids": ids})
        skip = 1 + len(self._tokenizer.encode(prompt.strip(), add_special_tokens=False).ids)
        return unit(states[0].mean(axis=0)), unit(states[0])[skip:-1]


def open_model(folder: Path) -> OnnxModel | None:
    """The model of the unpacked `folder`, its file beside it, made where it is missing or damaged.

    None, with one line in the log, where it cannot be had (a disk that is full or read-only, no onnxruntime).
    """
    try:
        return OnnxModel(_found(folder) or _made(folder), folder)
    except Exception as error:  # of any kind: the slow way answers all the same, or tells what is wrong
        reason = (getattr(error, "strerror", None) or str(error)).split("\n")[0][:200]
        _log.warning("快速的模型文件用不了(%s):改由 sentence-transformers 计算,答案一样,只是慢几秒", reason)
        return None


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _stem(folder: Path) -> str:
    return f"{folder.name}-v{VERSION}-"


def _found(folder: Path) -> Path | None:
    """The file whose content has the SHA-256 of its name; damaged ones are removed, with one warning."""
    for file in sorted(folder.parent.glob(f"{_stem(folder)}*.onnx")):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if file.stem == _stem(folder) + digest[:16]:
            return file
        _log.warning("模型文件 %s 已损坏,正在重做", file.name)
        file.unlink()
    return None


def _made(folder: Path) -> Path:
    """Make the file (2 s, 165 MB), by temporary file and rename. Raises OSError and what `build` raises."""
    from knowledge.onnx_graph import build

    content = build(folder)
    file = folder.parent / f"{_stem(folder)}{hashlib.sha256(content).hexdigest()[:16]}.onnx"
    handle, temporary = tempfile.mkstemp(prefix=f".{file.stem}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        Path(temporary).replace(file)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return file
