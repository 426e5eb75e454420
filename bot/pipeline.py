"""The one way through the house: message → understand → facts → rules → conclusions + passages → answer.

This module alone knows the order; no room calls back to an earlier one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from bot.conversation.answer import Composer
from bot.conversation.dialogue import Focus, focuses, joined, questions
from bot.conversation.facts import Changes, merge
from bot.conversation.text import data
from bot.conversation.understand import Understanding, understand
from bot.errors import StoreError
from bot.messages import Inbound, Reply
from bot.models import Answer, Session
from bot.service.store import Store
from knowledge.errors import KnowledgeError
from knowledge.model import SearchResult
from knowledge.retrieve import Library
from rules import result
from rules.errors import FactError
from rules.evaluate import Evaluation, Evaluator
from rules.explore import open_facts
from rules.facts import Rejected
from rules.model import RuleBase, Scope
from rules.reload import Reloading
from rules.render import Texts

#: intents that say how to read a message, not what it is about
_ABOUT_NOTHING = frozenset({"correction", "smalltalk", "off_topic", "why", "why_not", "what_if", "how_to"})


def today() -> dt.date:
    """The date where the merchants are."""
    return dt.datetime.now(ZoneInfo("Asia/Shanghai")).date()


class Pipeline:
    """Answers messages and decides on facts. Safe to call from several threads.

    With `Reloading` rules every request takes the rules as they are when it begins and keeps them to its end.
    """

    def __init__(self, evaluator: Evaluator | Reloading, library: Library, store: Store) -> None:
        self._rules = evaluator if isinstance(evaluator, Reloading) else None
        self.evaluator = evaluator.current() if isinstance(evaluator, Reloading) else evaluator
        self.library, self.store = library, store

    @property
    def base(self) -> RuleBase:
        return self.evaluator.base

    def _now(self) -> Pipeline:
        """This pipeline with the rules of this moment, which an edit during the request does not change."""
        if self._rules is None:
            return self
        self.evaluator = self._rules.current()
        return Pipeline(self.evaluator, self.library, self.store)

    @property
    def version(self) -> dict[str, Any]:
        return {
            "rules": self.base.version,
            "handbook": self.library.version,
            "overrides": self.base.overrides_version,
        }

    # -- a channel's entry ----------------------------------------------------------------------------

    def reply(self, message: Inbound) -> Reply:
        """The answer to one message of a channel. A store or model that fails is told, not raised."""
        try:
            return Reply(self.ask(message.text, f"{message.channel}:{message.chat}").text.strip())
        except (StoreError, KnowledgeError) as error:
            return Reply(str(error))

    # -- decide ---------------------------------------------------------------------------------------

    def decide(
        self,
        facts: Mapping[str, object],
        on: dt.date | None = None,
        items: Mapping[Scope, Sequence[Mapping[str, object]]] | None = None,
    ) -> dict[str, Any]:
        """The contract's `decide`: facts (and creators, goods) in, decisions with trace out.

        Raises:
            FactError: an unknown fact, or a value of the wrong type.
        """
        return self._now()._decide(facts, on or today(), items or {})

    def _decide(
        self,
        facts: Mapping[str, object],
        date: dt.date,
        items: Mapping[Scope, Sequence[Mapping[str, object]]],
    ) -> dict[str, Any]:
        evaluation = self.evaluator.evaluate(facts, today=date, statuses=True, items=items)
        numbers, reasons = result.derived(evaluation, self.base)
        return {
            "facts": evaluation.facts,
            "rejected": result.rejected(evaluation),
            "derived": numbers,
            "reasons": reasons,
            "decisions": result.decisions(evaluation, self.base),
            "provisional": result.provisional(evaluation, self.base),
            "trace": result.trace(evaluation),
            "overruled": [{"rule": o.rule, "by": o.by} for o in evaluation.overruled if o.rule != o.by],
            "open": [
                {"fact": o.fact, "unlocks": list(o.unlocks), "value": o.value}
                for o in open_facts(self.evaluator, evaluation, date)
            ],
            "steps": result.steps(evaluation, self.base, Texts(self.base, evaluation)),
            "defaults": result.defaults(evaluation, self.base),
            "version": self.version,
        }

    def warm(self) -> None:
        """Evaluate once in every category: each has lines of its own, compiled when they are first met."""
        for category in self.base.facts["category"].values:
            self.evaluator.evaluate({"category": category}, today=today(), statuses=True)

    # -- ask ------------------------------------------------------------------------------------------

    def ask(self, text: str, name: str = "default", on: dt.date | None = None) -> Answer:
        """One turn of the conversation `name`. Never raises for what a person typed."""
        return self._now()._ask(text, name, on or today())

    def _ask(self, text: str, name: str, date: dt.date) -> Answer:
        session = self._session(name, text)
        values = session.values()
        message = understand(
            text,
            facts=self.base.facts,
            known=values,
            asked=tuple(session.asked),
            encoder=self.library.encoder,
            today=date,
        )
        if message.command in {"forget", "reset"}:
            self.store.forget(name)
            session = Session(language=session.language)
        held = session.model_copy(deep=True)
        quiet = message.refused or message.command
        if not message.command:
            session.language = "en" if message.language == "en" else "zh"
        changes = Changes() if quiet else merge(session, message)
        asked = message.intents
        before = self.evaluate(held, date, asked) if changes.overwritten or changes.retracted else None
        evaluation = self.evaluate(session, date, asked)
        rejected = [*message.rejected, *evaluation.rejected]
        for one in evaluation.rejected:
            session.facts.pop(one.fact, None)
        turn = _Turn(self, session, message, changes, evaluation, before, rejected, date)
        answer = turn.answer(name)
        if message.command not in {"forget", "reset"}:
            self.store.put(name, session)
        return answer

    def _session(self, name: str, text: str) -> Session:
        try:
            session = self.store.get(name)
        except StoreError:
            if text.strip().lower().startswith("/forget"):
                return Session()
            raise
        for fact in [n for n, v in session.values().items() if not self._holds(n, v)]:
            session.facts.pop(fact, None)
        return session

    def _holds(self, name: str, value: Any) -> bool:
        """Whether the rules of now can read this fact of a session: they may be the newer of the two."""
        try:
            return name in self.base.facts and self.base.facts[name].read(value) is not None
        except FactError:
            return False

    def evaluate(
        self,
        session: Session,
        date: dt.date,
        asked: Iterable[str] = (),
        supposed: Mapping[str, Any] | None = None,
    ) -> Evaluation:
        """The session's facts evaluated, with `supposed` values on top; what was asked counts with it."""
        return self.evaluator.evaluate(
            {**session.values(), **(supposed or {})},
            today=date,
            assumed=session.assumed(),
            statuses=True,
            asked={*session.intents, *asked},
        )


class _Turn:
    """One turn: chooses the kind of answer and has it composed."""

    def __init__(
        self,
        pipeline: Pipeline,
        session: Session,
        message: Understanding,
        changes: Changes,
        evaluation: Evaluation,
        before: Evaluation | None,
        rejected: list[Rejected],
        date: dt.date,
    ) -> None:
        self.pipeline, self.session, self.message, self.changes = pipeline, session, message, changes
        self.evaluation, self.before, self.rejected, self.date = evaluation, before, rejected, date
        self.role = message.role or session.role
        self.refused: str | None = None
        self.asked: list[Any] = []
        self.about = self._about()
        self.focus = joined(self.about) if self.about else Focus()
        self.out = Composer(pipeline.base, pipeline.library, evaluation, self.focus, session.language)

    def _about(self) -> list[str]:
        """The intents this answer is about: the message's, else those the conversation was about."""
        if self.message.knows_not or self.message.command or self.message.intents[0] == "why":
            return list(self.session.intents)
        mine = [i for i in self.message.intents if i in focuses()]
        news = self.changes.added or self.changes.overwritten or self.changes.retracted
        talk = self.message.intents[0] == "smalltalk" and not news
        if not mine and not talk and (news or self.message.intents[0] in _ABOUT_NOTHING):
            return list(self.session.intents)
        return mine

    def answer(self, name: str) -> Answer:
        base, evaluation, session = self.pipeline.base, self.evaluation, self.session
        self._compose()
        if not self.message.command:
            session.asked = [q.fact for q in self.asked]
            session.ever_asked = list(dict.fromkeys([*session.ever_asked, *session.asked]))
        numbers, reasons = result.derived(evaluation, base)
        return Answer(
            session=name,
            language=session.language,
            role=self.role,
            intents=self._intents(),
            facts=evaluation.facts,
            parts=self.out.parts,
            rejected=[
                {"fact": r.fact, "value": r.value, "reason": r.reason, "ask": list(r.ask)}
                for r in self.rejected
            ],
            changed=self.changes.overwritten,
            derived=numbers,
            reasons=reasons,
            decisions=result.decisions(evaluation, base),
            provisional=result.provisional(evaluation, base),
            steps=self.out.steps,
            questions=[q.as_json() for q in self.asked],
            citations=self.out.citations(),
            defaults=result.defaults(evaluation, base) if self.out.steps else [],
            refused=self.refused,
            version=self.pipeline.version,
        )

    def _intents(self) -> list[str]:
        """The message's intents; figures alone carry on what the conversation was about."""
        said = list(self.message.intents)
        if self.out.steps and said[0] in {"smalltalk", "off_topic"}:
            return [*self.about, *(i for i in said if i not in self.about)]
        if self.message.guessed and self.refused != self.message.refused:
            return ["lookup"]
        return said

    # -- which kind of answer ---------------------------------------------------------------------------

    def _compose(self) -> None:
        message, out = self.message, self.out
        if message.command == "why":
            self._why()
        elif message.command:
            out.word(_COMMANDS.get(message.command.split()[0], "start"))
        elif not message.question.strip() and not message.readings and not message.rejected:
            out.word("empty")
        elif message.refused:
            self._refuse(message.refused)
        elif message.intents[0] == "why":
            self._why()
        elif message.supposed and self.evaluation.facts:
            self._what_if()
        else:
            self._advise()
        if message.unread:
            out.word("too_long", count=f"{message.unread:,}")
        if message.set_aside and not self.refused:
            out.word("set_aside")

    def _refuse(self, reason: str) -> None:
        if self.message.guessed and self._lookup(quiet=True):
            return
        self.refused = reason
        if reason == "compliance":
            (red_lines,) = focuses()["compliance"].read
            found = self.pipeline.library.search(self.message.question, top=1)
            if found.grounded and found.hits[0].passage.id == red_lines:
                self.out.word("compliance")
                self.out.passage(red_lines, self.role)
            else:
                self.out.word("injection")
                self.out.cite(red_lines)
        else:
            self.out.word(reason)

    def _advise(self) -> None:
        out, message = self.out, self.message
        verdict = out.verdict_key() if self.evaluation.facts else None
        alone = self.pipeline.library.alone  # who names an index asks it
        looks_up = self.about[:1] == ["lookup"] or not self.focus.verdict or alone
        out.rejections(self.rejected)
        out.confirmations([*self.changes.added, *(c["fact"] for c in self.changes.overwritten)])
        told = [f for f in self.changes.added if f not in data("cues")["beside_a_question"]]
        if looks_up and not (told and verdict) and self._lookup(quiet=verdict is not None):
            return
        if verdict is None and not self._has_sums():
            self._without_verdict()
            return
        self._diagnose(verdict)
        if "lookup" in self.about[1:]:
            self._lookup(quiet=True)
        for code in message.unclear:
            self._unclear(code)

    def _has_sums(self) -> bool:
        return any(n in self.evaluation.derived.values for n in self.focus.sums)

    def _diagnose(self, verdict: str | None) -> None:
        out = self.out
        self.session.intents = self.about
        if not (verdict and self.focus.only_with.get(verdict)):
            for name in self.focus.lead:
                if name in self.evaluation.derived.values:
                    out.sum(name)
        if verdict:
            out.verdict(verdict)
        out.changes(self.changes, self.before)
        out.states(verdict)
        out.sums(verdict)
        said = [r.assumed for r in self.message.readings if r.assumed]
        out.assumptions([verdict] if verdict else [], said)
        for id_ in self.focus.read[:2]:
            out.cite(id_)
        out.choose_steps(verdict)
        out.write_steps()
        out.plan()
        self.asked = questions(self.pipeline.base, self.evaluation, self.focus, self.session)
        out.questions(self.asked)
        out.overruled(verdict)
        out.basis(verdict)

    def _lookup(self, quiet: bool = False) -> bool:
        """Answer from the handbook; False where nothing answers and `quiet` or facts speak instead."""
        out, role = self.out, self.role
        found = self._found()
        if found.grounded:
            first = found.hits[0].passage
            out.passage(first.id, role, found.hits[0].reply)
            wanted = [out.cite(i) for i in first.see_also]
            more = list(
                {
                    p.id: p for p in [*wanted, *(h.passage for h in found.hits[1:])] if p.id != first.id
                }.values()
            )[:3]
            if more and not quiet:
                for passage in more:
                    out.cite(passage.id)
                titles = [out.title(p) + (f"({p.id})" if role == "support" else "") for p in more]
                out.say(out.worded("lookup_also", titles=out.listed(titles)) + "\n", {"passage": more[0].id})
            if role == "support" and not quiet and first.tag != "own":
                out.word("lookup_scope")
            return True
        told_elsewhere = not self.rejected and not (quiet and (self.changes.added or out.steps))
        if told_elsewhere and self._looked_up(found):
            return True
        if quiet or self.rejected or self.message.intents[0] == "smalltalk":
            return False
        out.word("not_in_handbook")
        self._not_answered(found)
        return True

    def _without_verdict(self) -> None:
        """No conclusion: what was understood, why that is not enough, and what to send."""
        out, base = self.out, self.pipeline.base
        if self.message.intents[0] == "smalltalk" and not self.changes.added:
            out.word("thanks" if self.evaluation.facts else "smalltalk")
            return
        facts = self.evaluation.facts
        news = self.changes.added or self.changes.overwritten or self.rejected
        if ("lookup" in self.about or not news) and not self.rejected and self._answered_by_handbook():
            return
        if facts:
            added = [n for n in self.changes.added if n in facts]
            known = [f"{out.name(n)} {out.show(n, facts[n])}" for n in added or facts]
            out.say(out.worded("noted", facts=out.listed(known)) + "\n", {"fact": next(iter(facts))})
            out.word("need_numbers")
        elif not self.rejected:
            out.word("no_verdict")
        for code in self.message.unclear:
            self._unclear(code)
        focus = self.focus if self.focus.ask and facts else joined(["start"])
        self.asked = questions(base, self.evaluation, focus, self.session)
        out.questions(self.asked)

    def _answered_by_handbook(self) -> bool:
        """A question without a figure: the handbook answers, unless it is a mere complaint."""
        if not self.about:
            return False
        if self.focus.complaint and "lookup" not in self.about:
            return self._looked_up(self._found())
        if self._lookup(quiet="lookup" not in self.about and bool(self.focus.read)):
            return True
        if self.focus.read:
            self.out.passage(self.focus.read[0], self.role)
        return bool(self.focus.read)

    def _found(self) -> SearchResult:
        return self.pipeline.library.search(self.message.question, top=3)

    def _looked_up(self, found: SearchResult) -> bool:
        """Where to look for what changes too often to be held here; False where that was not asked."""
        if found.look_up is None:
            return False
        where = found.look_up.where if self.session.language == "zh" else found.look_up.where_en
        self.out.say(where + "\n", {"wording": f"look_up.{found.look_up.id}"})
        self._not_answered(found)
        return True

    def _not_answered(self, found: SearchResult) -> None:
        self.refused = "not_in_handbook"
        if found.nearest:
            self.out.word("nearest", titles=self.out.listed(found.nearest))

    def _unclear(self, code: str) -> None:
        if code in {"several_clients", "several_shops", "which_fact"}:
            self.out.word(code)
        elif code.startswith(("split_", "half_")):
            self.out.word(f"unclear.{code}" if code in {"split_73", "half_dabuliu"} else "unclear.other")

    def _why(self) -> None:
        """The rules behind the last conclusions, with the figures each one read."""
        out = self.out
        fired = [f for f in self.evaluation.trace if f.rule.decision in self.focus.decisions]
        carrying = {r.id for r in result.prevailing(self.evaluation)}
        chosen = [f for f in fired if f.rule.id in carrying][:5]
        if not chosen:
            out.word("why_nothing")
            return
        for one in chosen:
            rule = one.rule.rule
            out.say(out.worded("why_rule", title=rule.title, why=rule.why) + "\n", {"rule": rule.number})
            shown = [
                f"{out.name(n)} {out.show(n, v)}" for n, v in one.used.items() if n in self.evaluation.facts
            ]
            if shown:
                out.say(out.worded("why_used", facts=out.listed(shown)) + "\n", {"rule": rule.number})
            out.cite(rule.passage)
        out.basis(out.verdict_key())

    def _what_if(self) -> None:
        """The supposed values evaluated beside the real ones: which numbers and conclusions would change."""
        supposed = {r.fact: r.value for r in self.message.supposed}
        changed = self.pipeline.evaluate(self.session, self.date, self.about, supposed)
        other = Composer(
            self.pipeline.base, self.pipeline.library, changed, self.focus, self.session.language
        )
        shown = [f"{other.name(n)} {other.show(n, v)}" for n, v in supposed.items()]
        other.say(other.worded("supposed", facts=other.listed(shown)) + "\n", {"fact": next(iter(supposed))})
        other.numbers_changed(self.evaluation)
        if not other.differences(self.evaluation) and (key := other.verdict_key()):
            other.stays(key)
        self.out.parts += other.parts


_COMMANDS = {
    "forget": "forget",
    "reset": "forget",
    "unsupported": "unsupported",
    "start": "start",
    "help": "start",
}
