"""A client through the rules: decisions as the contract's object, and the same in words for the workbook.

Nothing is decided here: priority, capability, track and stage are the rule base's conclusions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.conversation.dialogue import wording
from bot.tables.clients import Client
from bot.tables.data import columns, has, worded
from rules import result
from rules.evaluate import Evaluation, Evaluator, Fired
from rules.explore import settling
from rules.facts import Fact
from rules.model import RuleBase
from rules.narrow import narrow
from rules.render import Texts, percent

KEYS = ("stage", "stage_flags", "provider_track", "capability", "priority")
CASE = "triage_case"  #: the conclusion that says which matter decides
_MONEY = "gmv_30d"
_LONGEST = 60  # characters of a cell that a sentence quotes
ASKED = frozenset({"client_row"})


@dataclass(frozen=True, slots=True)
class Judged:
    """`order`: priority, then money at risk, then rules fired (each as it sorts); `out`: the contract's keys
    without row, name and input; `words`: the workbook's cells after the input, in the order of `WORDS`."""

    order: tuple[int, float, int]
    out: dict[str, Any]
    words: tuple[Any, ...]


#: the workbook's columns after the input's
WORDS = ("priority", "value_at_risk", "diagnosis", "first_action", "check", "capability", "provider_track",
         "stage",         "stage_flags", "rule")  # fmt: skip


class Judge:
    """Judges clients by one rule base on one day. Made once in each process."""

    def __init__(self, base: RuleBase, today: dt.date) -> None:
        self.base, self.today = narrow(base, KEYS), today
        self.evaluator = Evaluator(self.base)

    def judge(self, client: Client) -> Judged:
        """The decisions on one client. Facts that contradict each other are left out, and listed."""
        evaluation = self.evaluator.evaluate(
            client.facts, today=self.today, assumed=client.assumed, asked=ASKED
        )
        texts = Texts(self.base, evaluation)
        fired = [f for f in evaluation.trace if CASE in f.rule.rule.then]
        decisive = self._decisive(evaluation)
        checks = self._checks(client, evaluation)
        question = self._question(evaluation, checks)
        risk = result.value_at_risk(evaluation, self.base)
        out = {
            "facts": evaluation.facts,
            **{k: v for k in KEYS if (v := evaluation.value(k)) is not None},
            **({} if risk is None else {"value_at_risk": _plain(risk)}),
            "diagnosis": self._diagnosis(evaluation, decisive, fired, texts),
            "first_action": self._action(decisive, evaluation, texts),
            "rule": decisive.rule.rule.number,
            "question": question,
            "check": [
                {k: v for k, v in c.items() if k in {"fact", "value", "reason", "rows"}} for c in checks
            ],
        }
        numbers = {f.rule.rule.number for f in fired}
        severity = self.base.keys["priority"].values
        order = (severity.index(out["priority"]), -risk if risk is not None else float("inf"), -len(numbers))
        return Judged(order, out, self._words(out, checks, decisive, texts))

    # -- what decided -----------------------------------------------------------------------------------

    def _decisive(self, evaluation: Evaluation) -> Fired:
        """The rule that names the matter; where none does, the rule behind the priority."""
        key = CASE if evaluation.value(CASE) is not None else "priority"
        ids = {r.id for r in evaluation.conclusions[key].rules}
        return next(f for f in evaluation.trace if f.rule.id in ids)

    def _diagnosis(
        self, evaluation: Evaluation, decisive: Fired, fired: Sequence[Fired], texts: Texts
    ) -> str:
        used = {n: v for n, v in decisive.used.items() if n in evaluation.facts and n not in {"client_kind"}}
        title = decisive.rule.rule.title
        said = [
            self._title(n) if v is True else worded("used", fact=self._title(n), value=texts.show(n, v, "zh"))
            for n, v in used.items()
        ]
        code = "diagnosis_used" if said else "diagnosis"
        out = worded(code, title=title, used=worded("comma").join(said))
        broken = evaluation.value("primary_break")
        if broken is not None:
            text = texts.wording(f"primary_break.{broken}", "zh").rstrip("。")
            out += worded("diagnosis_break", text=text)
        number = decisive.rule.rule.number
        also = list(dict.fromkeys(f.rule.rule.title for f in fired if f.rule.rule.number != number))
        if also:
            out += worded("diagnosis_also", titles=worded("semicolon").join(also))
        return out

    def _action(self, decisive: Fired, evaluation: Evaluation, texts: Texts) -> str:
        ids = result.open_steps(decisive.rule.rule.steps, evaluation, self.base)
        steps = ids or decisive.rule.rule.steps
        return texts.step(self.base.steps[steps[0]], "zh") if steps else decisive.rule.rule.why

    # -- what to check and to ask (PV-13) ---------------------------------------------------------------

    def _checks(self, client: Client, evaluation: Evaluation) -> list[dict[str, Any]]:
        """Values that were left out or are in doubt, and those that should be there."""
        out = list(client.check)
        told = {(c["fact"], c["reason"]) for c in out}
        for r in evaluation.rejected:
            if (r.fact, r.reason) not in told:
                value = client.raw.get(r.fact, r.value)
                out.append({"fact": r.fact, "value": value, "reason": r.reason, "ask": list(r.ask)})
        for name, code in evaluation.assumed.items():
            if code == "to_confirm":
                value = client.raw.get(name, evaluation.facts[name])
                out.append({"fact": name, "value": value, "reason": code})
        for check in out:  # a share that no cell holds as such (a note's) is told as people write it
            fact = self.base.facts.get(check["fact"])
            if fact and fact.type == "ratio" and isinstance(check["value"], float) and "ask" in check:
                if check["fact"] not in client.raw:
                    check["value"] = percent(check["value"])
        doubted = {c["fact"] for c in out}
        expected = [n for n in columns()["expected"] if n in client.blank or n == _MONEY]
        for name in expected:
            if self._idle(name, evaluation) or self._made(name, evaluation):
                continue
            if name not in evaluation.facts and name not in doubted:
                out.append({"fact": name, "value": client.blank.get(name, ""), "reason": "missing"})
        return out

    @staticmethod
    def _idle(name: str, evaluation: Evaluation) -> bool:
        """Whether nobody needs a fact here, since another one is 0: no ads, no ROI."""
        return evaluation.facts.get(columns()["idle"].get(name, "")) == 0

    @staticmethod
    def _made(name: str, evaluation: Evaluation) -> bool:
        """Whether a fact that is absent is computed from others."""
        return any(fact == name and n in evaluation.derived.values for n, fact in result.REPLACES.items())

    def _question(self, evaluation: Evaluation, checks: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
        """The one fact to ask for: the month's sales first, then what is in doubt, then what would decide."""
        facts = self.base.facts
        if _MONEY not in evaluation.facts:
            return {"fact": _MONEY, "text": self._asked(facts[_MONEY])}
        for check in checks:
            if check["reason"] not in {"missing", "duplicate_row"}:
                return {"fact": check["fact"], "text": self._ask(check)}
        open_ = [
            n
            for n in settling(self.evaluator, evaluation, CASE)
            if facts[n].ask and not self._idle(n, evaluation)
        ]
        missing = [c["fact"] for c in checks if c["reason"] == "missing"]
        name = next(iter([*open_, *missing]), None)
        return None if name is None else {"fact": name, "text": self._asked(facts[name])}

    def _asked(self, fact: Fact) -> str:
        return fact.ask or worded("ask_fact", fact=self._title(fact.name))

    def _ask(self, check: Mapping[str, Any]) -> str:
        """What to send instead of a value: the counts it is made of, or the fact itself."""
        fact = self.base.facts[check["fact"]]
        parts = [n for n in check.get("ask") or fact.instead if n != fact.name]
        if not parts:
            return self._asked(fact) if fact.ask else worded("ask_again", fact=self._title(fact.name))
        names = [wording()[c]["zh"] if (c := f"count.{n}") in wording() else self._title(n) for n in parts]
        return worded("ask_parts", counts=worded("comma").join(names))

    def _title(self, name: str) -> str:
        """What a fact is called, without what its title explains in brackets."""
        return self.base.facts[name].title.partition("(")[0] if name in self.base.facts else name

    # -- in words ---------------------------------------------------------------------------------------

    def _told(self, check: Mapping[str, Any], texts: Texts) -> str:
        """One sentence on a value to be checked."""
        if check["reason"] == "duplicate_row":
            return worded("check.duplicate_row", rows="、".join(map(str, check["rows"])))
        fact = self.base.facts[check["fact"]]
        value = check["value"]
        code = check["reason"]
        ends = "–".join(self._show(fact, e, texts) for e in fact.range or ())
        value = f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value
        said = value if isinstance(value, str) or code == "unreadable" else self._show(fact, value, texts)
        out = worded(
            f"check.{code}",
            fact=self._title(fact.name),
            value=said,
            range=ends,
            expected=self._expected(fact),
        )
        more = {"missing": self._asked(fact)}.get(code)
        if more is None and code not in {"note_differs", "to_confirm", "unreadable"}:
            more = self._ask(check)
        return out + (more or "")

    def _expected(self, fact: Fact) -> str:
        code = f"expected.{fact.type}"
        values = "、".join(c.title for c in fact.values.values())
        return worded(code if has(code) else "expected.number", values=values)

    def _show(self, fact: Fact, value: Any, texts: Texts) -> str:
        try:
            return texts.show(fact.name, value, "zh")
        except (KeyError, TypeError, ValueError):
            return str(value)

    def _words(
        self, out: Mapping[str, Any], checks: Sequence[Mapping[str, Any]], decisive: Fired, texts: Texts
    ) -> tuple[Any, ...]:
        sentences = [self._told(c, texts) for c in checks]
        question = out["question"]
        if question and not any(question["text"] in s for s in sentences):
            sentences.append(question["text"])
        mark = [worded("check_mark") + ":"] if checks else []
        cells = {
            "value_at_risk": out.get("value_at_risk"),
            "diagnosis": out["diagnosis"],
            "first_action": out["first_action"],
            "check": "".join(mark + sentences),
            "capability": self.base.keys["capability"].titles[out["capability"]].zh,
            "stage_flags": worded("comma").join(worded(f"stage_flags.{f}") for f in out["stage_flags"]),
            "rule": f"{out['rule']} {decisive.rule.rule.title}",
        }
        for key in ("priority", "provider_track", "stage"):
            cells[key] = worded(f"{key}.{out[key]}") if key in out else ""
        return tuple(cells[k] for k in WORDS)


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 6)
