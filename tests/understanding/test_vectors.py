"""The path with an encoder, on one that needs no model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.conversation.intents import warm
from bot.conversation.understand import understand
from knowledge.question import asked
from rules.facts import load_facts

FACTS = load_facts()


class Letters:
    """Vectors of character counts: equal texts are equal, and calls are counted."""

    def __init__(self, model_id: str = "letters") -> None:
        self.model_id = model_id
        self.encoded = 0

    def encode(self, texts: list[str], kind: str = "query") -> npt.NDArray[np.float32]:
        self.encoded += len(texts)
        out = np.full((len(texts), 64), 1e-6, dtype=np.float32)
        for row, text in zip(out, texts, strict=True):
            for c in text:
                row[ord(c) % 64] += 1
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def test_examples_are_encoded_once() -> None:
    encoder = Letters()
    understand("今晚先做哪件事", facts=FACTS, encoder=encoder)
    first = encoder.encoded
    understand("今晚先做哪件事", facts=FACTS, encoder=encoder)
    assert encoder.encoded == first + 1


def test_the_model_is_not_asked_where_words_decide() -> None:
    encoder = Letters()
    got = understand("保本ROI怎么算", facts=FACTS, encoder=encoder)
    assert encoder.encoded == 0
    assert got.intents[0] == "money"


def test_model_and_search_read_the_same_words() -> None:
    """Or one message would go through the model twice."""
    seen: list[str] = []

    class Listening(Letters):
        def encode(self, texts: list[str], kind: str = "query") -> npt.NDArray[np.float32]:
            seen.extend(texts)
            return super().encode(texts, kind)

    encoder = Listening()
    understand("先把向量备好", facts=FACTS, encoder=encoder)
    for text in (
        "受众对得上,就是不买",
        "我是客服,用户问付费占比多少合适怎么答",
        "明天天气咋样?主播离职了,怎么接",
        "上周换了主播,场地也换了一个。" * 20 + "后来就没人回来看了,怎么叫回来",
    ):
        seen.clear()
        got = understand(text, facts=FACTS, encoder=encoder)
        assert seen in ([asked(got.question)], []), text


def test_vectors_come_back_from_a_folder(tmp_path: Path) -> None:
    warm(Letters(), tmp_path)
    again = Letters()
    warm(again, tmp_path)
    assert again.encoded == 0
    other = Letters("another model")
    warm(other, tmp_path)
    assert other.encoded > 0


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    warm(Letters(), tmp_path)
    (file,) = tmp_path.glob("*.npy")
    file.write_bytes(b"half a file")
    again = Letters()
    warm(again, tmp_path)
    assert again.encoded > 0
    assert np.load(file).shape[1] == 64


def test_an_encoder_changes_no_fact() -> None:
    text = "停留28,转化2%,每天投500"
    with_it, without = understand(text, facts=FACTS, encoder=Letters()), understand(text, facts=FACTS)
    assert with_it.readings == without.readings
