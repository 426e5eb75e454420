"""The operator's file: each line read for a person who does not program, and put on top of the parameters.

The file is read entry by entry, so that one broken line hides neither the others nor what is wrong with them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping as AbcMapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rules.errors import Finding, explain, phrase, sentences, shown
from rules.facts import Choice
from rules.override_fields import DAY, problems, usual
from rules.parameters import Override, Parameter, Parameters, written
from rules.slips import FIELDS, Typed, meant_number, read
from rules.yaml_lines import Mapping, parse, read_text

_COLON = "[:\uff1a=]"
_ENTRY = re.compile(
    rf"^(?!---|\.\.\.|[}}\]\uff5d]|(?:{'|'.join(FIELDS)})\s*{_COLON})"
    rf"(?:[^\s#]|[ \t\u3000]+(?:-\s*)?[\"']?[a-z_]+\.[\w.]+[\"']?\s*{_COLON})"
)
_EXAMPLE = "pt.step"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry: where it begins, its text, and its name and content where YAML can read it."""

    line: int
    text: str
    name: str | None = None
    content: Any = None
    bad: tuple[Finding, ...] = ()


def apply_overrides(
    parameters: dict[str, Parameter], path: Path | None, categories: AbcMapping[str, Choice] | None = None
) -> tuple[Parameters, list[Finding]]:
    """The parameters with the readable lines of the operator's file on top, and findings about the others.

    No file means no change. A caller that gets findings serves nobody with these parameters.
    """
    if path is None:
        return Parameters(parameters, plain=parameters), []
    reader = _Reader(parameters, str(path), categories or {})
    reader.take(path)
    return Parameters(reader.merged, reader.changed, reader.places, parameters), reader.findings


class _Reader:
    def __init__(
        self, parameters: dict[str, Parameter], file: str, categories: AbcMapping[str, Choice]
    ) -> None:
        self.parameters, self.file, self.categories = parameters, file, categories
        self.names = {old: p.name for p in parameters.values() for old in [p.name, *p.formerly]}
        self.merged = dict(parameters)
        self.changed: dict[str, Override] = {}
        self.places: dict[str, tuple[str, int]] = {}
        self.findings: list[Finding] = []

    def take(self, path: Path) -> None:
        text, self.findings = read_text(path, self.file)
        if text is None:
            return
        data, bad = parse(text, self.file)
        chunks = _chunks(text)
        if bad or not isinstance(data, Mapping) or set(FIELDS) & set(data):
            for chunk in chunks:
                self._entry(_alone(chunk, self.file))
            if bad and not self.findings:
                self.findings = bad
            return
        for name, content in data.items():
            line = data.lines[name]
            chunk = next((c for c in reversed(chunks) if c.line <= line), _Entry(line, ""))
            self._entry(_Entry(line, chunk.text, name, content))

    def _entry(self, entry: _Entry) -> None:
        content = entry.content
        known = isinstance(content, Mapping) and set(content) <= set(FIELDS)
        typed = Typed() if known else read(entry.text)
        given = entry.name or typed.id or "?"
        if typed.found:
            content = self._mend(entry, given, typed)
        elif entry.bad:
            self.findings += [replace(f, id=given) for f in entry.bad]
            return
        if typed.found and content is None:
            return
        name = self.names.get(given)
        if name is None:
            self._find(entry.line, given, "no_such_parameter", name=given, near=self._nearest(given))
        elif name in self.places:
            self._find(entry.line, given, "twice")
        elif not isinstance(content, Mapping):
            code = "bare" if content is not None else "nothing_written"
            example = self._example(given, shown(content))
            self._find(entry.line, given, code, value=shown(content), example=example)
        else:
            self.places[name] = (self.file, entry.line)
            self._take_in(name, given, content, entry.line, mended=bool(typed.found))

    def _take_in(self, name: str, given: str, content: Mapping, line: int, *, mended: bool) -> None:
        """The fields of an entry, as they stand or as they were meant; what was mended is not merged."""
        lines = {} if mended else content.lines
        found = list(problems(self.parameters[name], content, self.categories, words=not mended))
        for code, field, values in found:
            self._find(lines.get(field, line), given, code, **{"field": field, **values})
        if not found and not mended:
            self._merge(name, content, line, given)

    def _mend(self, entry: _Entry, given: str, typed: Typed) -> Mapping | None:
        """A finding about how the entry is typed; its content as it was meant, where that can be known."""
        mended = typed.mended()
        data, bad = parse(mended, self.file)
        content = None if bad or not typed.fields else data.get(typed.id)
        line = entry.line + typed.line
        if isinstance(content, Mapping):
            code = "slipped_lines" if "\n" in entry.text.strip() else "slipped"
            self._find(line, given, code, slips=typed.slips, mended=mended)
            return content
        readable = given in self.names or typed.fields
        slips = typed.slips if readable else str(sentences()["slips"]["unreadable"])
        example = self._example(given, typed.rest)
        self._find(line, given if readable else "?", "unreadable_entry", slips=slips, example=example)
        return None

    def _merge(self, name: str, entry: Mapping, line: int, given: str) -> None:
        old = self.parameters[name]
        try:
            override = Override.model_validate(entry)
            update: dict[str, Any] = {"by_category": {**old.by_category, **override.by_category}}
            if override.value is not None:
                update["value"] = override.value
            self.merged[name] = Parameter.model_validate(old.model_dump() | update)
            self.changed[name] = override
        except ValidationError as error:
            self.findings += explain(error, entry, FIELDS, self.file, line, given)

    def _nearest(self, given: str) -> str:
        """What a person may have meant by a name that no parameter has."""
        for parameter in self.parameters.values():
            if given == parameter.title:
                return phrase("write_instead", name=parameter.name)
        close = difflib.get_close_matches(given, self.names, n=1, cutoff=0.5)
        return phrase("nearest", name=close[0]) if close else phrase("by_search")

    def _example(self, given: str, words: str) -> str:
        """A right line for this parameter, with the number that was typed where there is one."""
        name = given if given in self.names else _EXAMPLE
        meant = meant_number(words) if given in self.names else None
        value = usual(self.parameters.get(self.names.get(name, ""))) if meant is None else written(meant)
        return phrase("example", name=name, value=value, on=DAY)

    def _find(self, line: int, id_: str, code: str, /, **values: object) -> None:
        self.findings.append(Finding(self.file, line, id_, code, values))


def _chunks(text: str) -> list[_Entry]:
    """The text cut where an entry begins: at a line's start, or at the name of a parameter."""
    out: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if _ENTRY.match(line):
            out.append((number, [line]))
        elif out:
            out[-1][1].append("" if line.startswith("#") else line)
    return [_Entry(number, "\n".join(lines)) for number, lines in out]


def _alone(chunk: _Entry, file: str) -> _Entry:
    """The entry that a piece of a broken file holds, or why YAML cannot read it."""
    data, bad = parse("\n" * (chunk.line - 1) + chunk.text, file)
    if bad or not isinstance(data, Mapping) or len(data) != 1 or chunk.text[0].isspace():
        return replace(chunk, bad=tuple(bad))
    ((name, content),) = data.items()
    return replace(chunk, name=name, content=content)
