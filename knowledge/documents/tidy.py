"""The cleaner: what a document says stays, what was put around and into it goes, and both are counted."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pypinyin

from knowledge.clean import contact_spans, narrow, simplified, strip_contacts
from knowledge.documents.lines import frame, headings, join
from knowledge.documents.marks import CLAUSE, END, SENTENCE
from knowledge.documents.model import Block, Tidied, visible
from knowledge.documents.mojibake import drop_lost, mend
from knowledge.documents.patterns import Patterns, patterns
from knowledge.documents.realign import TONED

_PINYIN = re.compile(rf"(?<=[\u3400-\u9fff])\s*[(\uff08]\s*([{TONED}]{{1,7}})\s*[)\uff09]")
_TONE = re.compile(r"[āáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜńňǹḿ]")
_WIDE = {c: c - 0xFEE0 for c in [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]}
_BLANKS = re.compile(r"[^\S\n]+")
_HOLLOW = re.compile(r"[(\uff08【\[《“][\s,\uff0c、:\uff1a]*[)\uff09】\]》”]")
_STRAY = re.compile(r"[?!]+(?=\w)")  # punctuation that a line cannot begin with
_PARTICLE = re.compile(r"(?<![显名土编原专论拙巨卓昭译遗])著(?![作名者书述称录有])")
_SPEAKS = 16  # characters that a clause beside advertising needs to stand by itself
_REPEATED = 12  # characters from which a repetition is one
_ROUNDS = 8


class _Cleaner:
    """One run over a document: the counts, and what every step does to a text."""

    def __init__(self, rules: Patterns) -> None:
        self.rules = rules
        self.dropped: Counter[str] = Counter()
        self.shrunk = 0
        self._settled: set[str] = set()

    def drop(self, reason: str, text: str) -> None:
        if n := visible(text):
            self.dropped[reason] += n

    def converted(self, before: str, after: str) -> str:
        self.shrunk += visible(before) - visible(after)
        return after

    def mend(self, text: str) -> str:
        """Characters: encodings, widths, script, invisible ones, injected pinyin, terms."""
        if any("\ud800" <= c <= "\udfff" for c in text):
            text = self.converted(text, re.sub(r"[\ud800-\udfff]", "\ufffd", text))
        text = self.converted(text, mend(text).translate(_WIDE))
        text = drop_lost(text, lambda lost: self.drop("mojibake", lost))
        unseen = [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and not c.isspace()]
        if unseen:
            self.drop("mojibake", "".join(unseen))
            text = text.translate(dict.fromkeys(map(ord, unseen)))
        text = _PINYIN.sub(self._pinyin, text)
        text = self.converted(text, _script(text))
        for found in reversed([*self.rules.terms.finditer(narrow(text))]):
            term = self.rules.term.get(" ".join(found[0].lower().split()), found[0])
            text = self.converted(text, text[: found.start()] + term + text[found.end() :])
        if stray := _STRAY.match(narrow(text)):
            self.drop("furniture", stray[0])
            text = text[stray.end() :]
        return _BLANKS.sub(" ", text).strip()

    def _pinyin(self, found: re.Match[str]) -> str:
        """A reading with its tone is injected; one without only where it is how the character is read."""
        character = found.string[: found.start()].rstrip()[-1:]
        plain = not _TONE.search(found[1])
        if plain and [found[1]] not in [[r] for r in _readings(character)]:
            return found[0]
        self.drop("pinyin", found[0])
        return ""

    def _line(self, text: str) -> str:
        """Why a line goes as a whole, empty where it doesn't."""
        if self.rules.furniture_lines.fullmatch(text):
            return "contact" if contact_spans(text) else "furniture"
        return "advertising" if self.rules.advertising_lines.fullmatch(text) else ""

    def sentences(self, text: str) -> str:
        """Sentence by sentence: instructions, advertising, furniture, contact details."""
        rules = self.rules
        if rules.obscene.search(narrow(text)) and not rules.forbids.search(text):
            parts = [
                part if not rules.obscene.search(narrow(part)) else "" for part in SENTENCE.findall(text)
            ]
            rest = "".join(parts)
            if visible(rest) < 2 * _SPEAKS:
                self.drop("advertising", text)
                return ""
            self.dropped["advertising"] += visible(text) - visible(rest)
            text = rest
        return "".join(map(self._sentence, SENTENCE.findall(text)))

    def _sentence(self, sentence: str) -> str:
        rules = self.rules
        for reason, of in (("instructions", rules.instructions), ("furniture", rules.furniture_sentences)):
            if of.search(narrow(sentence)):
                self.drop(reason, sentence)
                return ""
        for word in reversed([*rules.furniture_words.finditer(narrow(sentence))]):
            self.drop("furniture", word[0])
            sentence = sentence[: word.start()] + sentence[word.end() :]
        if rules.advertising.search(narrow(sentence)) and not rules.forbids.search(sentence):
            return self._advertising(sentence)
        return self._contacts(sentence) if contact_spans(sentence) else sentence

    def _advertising(self, sentence: str) -> str:
        """Drop the clauses that sell, and the whole sentence where the others say little."""
        spans = [m.span() for m in self.rules.advertising.finditer(narrow(sentence))]
        kept = []
        for clause in CLAUSE.finditer(sentence):
            hit = any(a < clause.end() and clause.start() < b for a, b in spans)
            if not hit:
                kept.append(clause[0])
        rest = "".join(kept)
        rest = "" if visible(rest) < _SPEAKS or contact_spans(rest) else _closed(rest, sentence)
        self.dropped["advertising"] += visible(sentence) - visible(rest)
        return rest

    def _contacts(self, sentence: str) -> str:
        """Take numbers and addresses out, and what of a clause says nothing without them."""
        kept = []
        for clause in CLAUSE.findall(sentence):
            rest = _HOLLOW.sub("", strip_contacts(clause)) if contact_spans(clause) else clause
            hollow = not any(map(str.isalnum, rest)) or self.rules.contact_rest.fullmatch(
                narrow(rest).strip()
            )
            kept.append("" if hollow and rest != clause else rest)
        text = _closed("".join(kept), sentence)
        if n := visible(sentence) - visible(text):
            self.dropped["contact"] += n
        return text

    def once(self, blocks: Sequence[Block]) -> list[Block]:
        """One round over all blocks."""
        out: list[Block] = []
        around = frame(blocks)
        for i, block in enumerate(blocks):
            text = block.text
            if block.kind == "furniture" or i in around:
                self.drop("furniture", text)
                continue
            if text not in self._settled:
                text = self.mend(text)
                if block.kind != "row" and (reason := self._line(narrow(text))):
                    self.drop(reason, text)
                    continue
                text = self._cells(text) if block.kind == "row" else self.sentences(text)
                text = _BLANKS.sub(" ", text).strip()
                if not any(map(str.isalnum, text)):
                    self.drop("furniture", text)
                    continue
                if text == block.text:
                    self._settled.add(text)
            out.append(block if text == block.text else replace(block, text=text))
        return headings(join(self._unrepeated(out)))

    def _cells(self, text: str) -> str:
        """A table's row: every cell by itself, so that one with a number takes no other along."""
        cells = [self.sentences(cell) for cell in text.split("; ")]
        kept = [cell for cell in cells if any(map(str.isalnum, cell))]
        out = "; ".join(kept)
        self.shrunk += visible("; ".join(cells)) - visible(out)
        return out

    def _unrepeated(self, blocks: list[Block]) -> list[Block]:
        seen: set[str] = set()
        out = []
        for block in blocks:
            key = "".join(filter(str.isalnum, block.text))
            if block.kind in ("line", "paragraph") and len(key) >= _REPEATED:
                if key in seen:
                    self.drop("duplicate", block.text)
                    continue
                seen.add(key)
            out.append(block)
        return out


def _closed(rest: str, sentence: str) -> str:
    """What is left of a sentence, ending as it did."""
    end = END.search(sentence)
    return rest if not rest or not end or END.search(rest) else rest.rstrip(",\uff0c、 ") + end[0]


def _script(text: str) -> str:
    """Simplified script; 著 as a particle, which the table of characters leaves alone, becomes 着."""
    new = simplified(text)
    return new if new == text else _PARTICLE.sub("着", new)


def _readings(character: str) -> list[str]:
    return pypinyin.pinyin(character, style=pypinyin.Style.NORMAL, heteronym=True)[0] if character else []


def tidy(blocks: Sequence[Block]) -> Tidied:
    """Clean a document; cleaning what is clean changes nothing.

    Rounds go on until one changes nothing: a line joined or a character mended may show what was hidden.
    Reasons in `dropped`: advertising (obscene spam too), contact, pinyin, mojibake (invisible characters
    too), furniture, duplicate, instructions. Raises DataError where tidy.yaml is not usable.
    """
    cleaner = _Cleaner(patterns())
    read = sum(visible(block.text) for block in blocks)
    now = list(blocks)
    for _ in range(_ROUNDS):
        before, now = now, cleaner.once(now)
        if now == before:
            break
    return Tidied(tuple(now), read, dict(sorted(cleaner.dropped.items())), cleaner.shrunk)
