"""The word lists hold words: a whole sentence in them would be an answer learnt by heart."""

from __future__ import annotations

import re

import pytest

from bot.conversation.text import data
from rules.facts import load_facts

HAN = re.compile(r"[\u4e00-\u9fff]")


def longest(word: str) -> int:
    return len(HAN.findall(word))


def test_no_word_of_a_fact_is_a_sentence() -> None:
    for fact in load_facts().values():
        values = [w for choice in fact.values.values() for w in choice.words]
        for word in [*fact.words, *fact.yes, *fact.no, *values]:
            assert longest(word) <= 12, (fact.name, word)


@pytest.mark.parametrize(
    "key", ["fillers", "self", "other", "past", "now", "suppose", "correct", "retract", "greetings"]
)
def test_no_cue_is_a_sentence(key: str) -> None:
    for word in data("cues")[key]:
        assert longest(word) <= 8, word


def test_no_branch_of_a_pattern_is_a_sentence() -> None:
    for entry in data("patterns"):
        for branch in re.split(r"[|()<>~*+?\[\]]", entry["say"]):
            assert longest(branch) <= 8, branch


def test_every_pattern_names_known_facts() -> None:
    facts = load_facts()
    for entry in (*data("patterns"), *data("patterns_en")):
        named = [f for f in [*entry.get("facts", []), entry.get("ratio")] if f] + list(entry.get("give", {}))
        assert named or set(entry.get("facts", [])) == {None}, entry
        assert set(named) <= set(facts), entry


def test_each_intent_has_varied_examples() -> None:
    for name, entry in data("intents")["intents"].items():
        assert len(set(entry["examples"])) >= 15, name
