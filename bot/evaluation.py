"""`eval`: how well questions with known answers are found and refused, beside the run before."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import BotError
from knowledge.clean import language
from knowledge.model import Passage
from knowledge.retrieve import Library

_TOP = 10
_log = logging.getLogger("bot")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Strict):
    """A passage of a document by what stands in it: `document` begins its name, `has` are in its text."""

    document: str = ""
    has: list[str] = Field(min_length=1)

    def is_in(self, passage: Passage) -> bool:
        """Whether this passage is the one meant; blanks do not count."""
        text = "".join(passage.text.split())
        wanted = ("".join(h.split()) for h in self.has)
        return passage.document.startswith(self.document) and all(h in text for h in wanted)


class Question(_Strict):
    """`expect`: any of these answers; passages by id or by what stands in them. Empty: to be refused."""

    q: str
    expect: list[str | Place] = []
    kind: str = "unrelated"
    lang: Literal["zh", "en"] | None = None

    def answered_by(self, passage: Passage) -> bool:
        """Whether a passage is one of the expected."""
        return any(e == passage.id if isinstance(e, str) else e.is_in(passage) for e in self.expect)


class Questions(_Strict):
    """A file of questions; unanswerable ones may be plain texts."""

    answerable: list[Question] = []
    unanswerable: list[Question | str] = []

    def all(self) -> list[Question]:
        """Every question as one list, the answerable ones first."""
        return [*self.answerable, *(Question(q=u) if isinstance(u, str) else u for u in self.unanswerable)]


def read_questions(file: Path) -> Questions:
    """The questions of a YAML file. Raises BotError: not there, no YAML, another shape."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Questions.model_validate(data)
    except (OSError, UnicodeDecodeError) as error:
        raise BotError(f"{file}:读不了({error})") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise BotError(f"{file}:{line} YAML 写错了;请检查缩进、冒号和引号") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        right = "应有 answerable: [{q, expect: [HB4.4]}] 和 unanswerable: [问题]"
        raise BotError(f"{file}:{where or '内容'} 不对({first['msg']});{right}") from None
    except (ValueError, RecursionError) as error:  # a date that is none, brackets by the thousand
        raise BotError(f"{file}:读不了({error});请给文字加上引号") from None


def evaluated(library: Library, questions: Questions, file: Path, history: Path) -> dict[str, Any]:
    """The report of one run, appended to `history` (JSON Lines), with the figures of the run before.

    A history that can't be written costs a warning, not the report.
    """
    figures, misses = measured(library, questions)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    run = {
        "file": file.name,
        "sha256": digest,
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "handbook": library.version,
        "figures": figures,
    }
    before = None
    try:
        before = _last(history, digest)
        _append(history, json.dumps(run, ensure_ascii=False))
    except OSError as error:
        _log.warning("评测记录写不进 %s(%s):这次的结果没有留下", history, error.strerror)
    return run | {"before": before, "misses": misses}


def measured(
    library: Library, questions: Questions
) -> tuple[dict[str, dict[str, float | int]], list[dict[str, Any]]]:
    """The figures of all questions and of each language, and the questions that were missed."""
    rows = [_one(library, q) for q in questions.all()]
    figures = {"all": _figures(rows)}
    for lang in ("zh", "en"):
        if mine := [r for r in rows if r["language"] == lang]:
            figures[lang] = _figures(mine)
    return figures, [r["miss"] for r in rows if r["miss"]]


def _one(library: Library, question: Question) -> dict[str, Any]:
    found = library.search(question.q, _TOP)
    right = [question.answered_by(h.passage) for h in found.hits]
    rank = right.index(True) + 1 if True in right else None
    wanted = bool(question.expect)
    miss = None
    if wanted != found.grounded or (wanted and rank != 1):
        miss = {
            "q": question.q,
            "expected": [e if isinstance(e, str) else e.model_dump() for e in question.expect],
            "found": [f"{h.passage.id} {h.passage.title}" for h in found.hits[:3]],
            "rank": rank,
        }
    gains = sum(1 / math.log2(i + 2) for i, r in enumerate(right) if r)
    most = sum(1 / math.log2(i + 2) for i in range(min(max(len(question.expect), sum(right)), _TOP)))
    return {
        "language": question.lang or language(question.q), "wanted": wanted, "kind": question.kind,
        "refused": not found.grounded, "rank": rank, "ndcg": gains / most if most else 0.0, "miss": miss,
    }  # fmt: skip


def _figures(rows: Sequence[dict[str, Any]]) -> dict[str, float | int]:
    answerable = [r for r in rows if r["wanted"]]
    refused = [r for r in rows if r["refused"]]
    out: dict[str, float | int] = {"questions": len(rows), "answerable": len(answerable)}
    if answerable:
        out |= {
            "hit@1": _share([r["rank"] == 1 for r in answerable]),
            "hit@3": _share([r["rank"] is not None and r["rank"] <= 3 for r in answerable]),
            "MRR": _mean([1 / r["rank"] if r["rank"] else 0.0 for r in answerable]),
            "nDCG@10": _mean([r["ndcg"] for r in answerable]),
            "answerable_refused": _share([r["refused"] for r in answerable]),
        }
    for kind in dict.fromkeys(r["kind"] for r in rows if not r["wanted"]):
        out[f"{kind}_refused"] = _share([r["refused"] for r in rows if not r["wanted"] and r["kind"] == kind])
    if len(answerable) < len(rows):
        out["refusal_recall"] = _share([r["refused"] for r in rows if not r["wanted"]])
        if refused:
            out["refusal_precision"] = _share([not r["wanted"] for r in refused])
    return out


def _share(values: Sequence[bool]) -> float:
    return _mean([float(v) for v in values])


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def _append(history: Path, line: str) -> None:
    """A line of its own, also behind one that was cut short."""
    history.parent.mkdir(parents=True, exist_ok=True)
    with history.open("ab+") as out:
        if out.tell():
            out.seek(-1, os.SEEK_END)
            line = line if out.read() == b"\n" else "\n" + line
        out.write(f"{line}\n".encode())


def _last(history: Path, sha256: str) -> dict[str, Any] | None:
    """The newest run of the same questions, or None; a line that was cut short is passed over."""
    if not history.is_file():
        return None
    for line in reversed(history.read_text(encoding="utf-8", errors="replace").split("\n")):
        try:
            run = json.loads(line)
        except ValueError:
            continue
        if isinstance(run, dict) and run.get("sha256") == sha256:
            return run
    return None
