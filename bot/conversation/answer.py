"""The answer, put together from conclusions, steps, arithmetic and passages; every part names its basis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.conversation.dialogue import Focus, Question, wording
from bot.conversation.facts import Changes
from bot.models import Basis, Part
from knowledge.model import Passage
from knowledge.retrieve import Library
from rules import result
from rules.evaluate import Evaluation
from rules.facts import Rejected, Value
from rules.model import CompiledRule, RuleBase
from rules.plan import AREAS, campaign_plan
from rules.render import Texts

MOST_STEPS = 6
MOST_SUMS = 4
MOST_ASSUMPTIONS = 3
MOST_CHANGES = 2
#: assumptions that follow the words so closely that naming them only costs the reader time
_TRIVIAL = frozenset({"no_orders", "live_days_from_age", "implied", "to_confirm"})


@dataclass
class Composer:
    """Collects the parts of one answer, and the passages that it names."""

    base: RuleBase
    library: Library
    evaluation: Evaluation
    focus: Focus
    language: str
    parts: list[Part] = field(default_factory=list)
    passages: dict[str, Passage] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts = Texts(self.base, self.evaluation)

    # -- small helpers --------------------------------------------------------------------------------

    def say(self, text: str, basis: Basis) -> None:
        self.parts.append(Part(text, basis))

    def word(self, code: str, end: str = "\n", **values: str) -> None:
        """One of the bot's own sentences."""
        self.say(self.worded(code, **values) + end, {"wording": code})

    def worded(self, code: str, **values: str) -> str:
        return wording()[code][self.language].format(**values)

    def cite(self, id_: str) -> Passage:
        return self.passages.setdefault(id_, self.library.passage(id_))

    def title(self, passage: Passage) -> str:
        return passage.title if self.language == "zh" else passage.title_en

    def name(self, fact: str) -> str:
        entry = self.base.facts[fact]
        return entry.title if self.language == "zh" else entry.title_en

    def show(self, fact: str, value: Value) -> str:
        return self.texts.show(fact, value, self.language)

    def listed(self, items: Iterable[str]) -> str:
        return self.worded("key_list").join(items)

    # -- the parts of a diagnosis ---------------------------------------------------------------------

    def verdict_key(self) -> str | None:
        """The first conclusion key of the focus that has a value to speak of."""
        for key in self.focus.verdict:
            needed = self.focus.only_with.get(key)
            if needed and needed not in self.evaluation.facts:
                continue
            found = self.evaluation.conclusions.get(key)
            if found is not None and found.rules and self.values(key):
                return key
        return None

    def values(self, key: str) -> list[Any]:
        """The values of a conclusion; of a list that several decisions write, those of this focus."""
        found = self.evaluation.conclusions[key]
        if not isinstance(found.value, list):
            return [found.value] if found.value != {} else []
        if len({self.base.rules[w].decision for w in self.base.writers[key]}) == 1:
            return found.value
        mine = [r for r in found.rules if r.decision in self.focus.decisions]
        return [v for v in found.value if any(v in _said(r, key) for r in mine)]

    def verdict(self, key: str) -> None:
        """The verdict in one short sentence; of a list its first value; shares are their own sentence."""
        found = self.evaluation.conclusions[key]
        value = self.values(key)[0]
        rule = next((r.rule for r in found.rules if value in _said(r, key)), found.rules[0].rule)
        if key == "allocation":
            self.word("split", end="")
            self.sum("allocation", {"rule": rule.number})
        else:
            text = self.texts.wording(f"{key}.{value}", self.language, rule.number)
            self.say(text + "\n", {"rule": rule.number})
        if self.language == "zh":
            self.say(rule.why + "\n", {"rule": rule.number})
        self.cite(rule.passage)

    def states(self, spoken: str | None) -> None:
        """What else the figures say, a sentence each."""
        for key in self.focus.state:
            found = self.evaluation.conclusions.get(key)
            if found is None or not found.rules or isinstance(found.value, dict):
                continue
            unspoken = self.values(key)[1:] if key == spoken else self.values(key)
            for value in unspoken[:2]:
                writer = next((r for r in found.rules if value in _said(r, key)), found.rules[0])
                text = self.texts.wording(f"{key}.{value}", self.language)
                self.say(text + "\n", {"rule": writer.rule.number})
                self.cite(writer.rule.passage)

    def sum(self, name: str, basis: Basis | None = None) -> bool:
        """The arithmetic behind a number, if it can be shown."""
        entry = self.base.sums[name]
        text = self.texts.first(entry.zh if self.language == "zh" else entry.en, self.language)
        if text is None:
            return False
        used = self.evaluation.derived.parameters.get(name, ())
        facts = self.evaluation.derived.facts.get(name, ())
        found = self.evaluation.conclusions.get(name)
        if basis is None and found is not None:
            basis = {"rule": found.rules[0].rule.number}
        self.say(text + "\n", basis or ({"parameter": used[0]} if used else {"fact": facts[0]}))
        return True

    def sums(self, spoken: str | None) -> int:
        """The arithmetic of the focus, at most `MOST_SUMS` lines; returns how many were shown."""
        shown = 0
        if "deal_break_even_gmv" in self.evaluation.derived.null and "deal_break_even_gmv" in self.focus.sums:
            shown += self.sum("never_break_even", {"fact": "gross_margin"})
        for name in self.focus.sums:
            if shown == MOST_SUMS:
                break
            entry = self.base.sums[name]
            if (
                name == spoken
                or (entry.unless in self.evaluation.derived.values)
                or not self._concluded(entry.only_for)
            ):
                continue
            if name == "allocation" or name in self.evaluation.derived.values:
                shown += self.sum(name)
        return shown

    def _concluded(self, code: str | None) -> bool:
        """Whether a conclusion code (key.value) holds; no code always does."""
        if code is None:
            return True
        key, _, value = code.partition(".")
        return bool(self.evaluation.value(key) == value)

    def assumptions(self, keys: Iterable[str], readings: Iterable[str]) -> None:
        """What the verdict rests on that is not settled, in one sentence."""
        codes = [c for k in keys if (c := self.evaluation.shaky.get(k))]
        codes += [
            c
            for n in self.evaluation.derived.values
            if (c := self.evaluation.derived.shaky.get(n)) and self._shown(n)
        ]
        codes += readings
        said = []
        for code in list(dict.fromkeys(c for c in codes if c not in _TRIVIAL))[:MOST_ASSUMPTIONS]:
            known = f"assumed.{code}"
            said.append(self.worded(known if known in wording() else "assumed.other"))
        if said:
            self.word("provisional", what=(";" if self.language == "zh" else "; ").join(dict.fromkeys(said)))

    def _shown(self, derived: str) -> bool:
        return derived in self.focus.sums

    def choose_steps(self, verdict: str | None) -> None:
        """Three to six steps: of the verdict's rules, then of the focus' decisions, then its fallbacks."""
        fired = result.prevailing(self.evaluation)
        first = self.evaluation.conclusions[verdict].rules if verdict else []
        rest = [r for r in fired if r.decision in self.focus.decisions and r not in first]
        chosen: dict[str, dict[str, Any]] = {}

        def take(rules: Iterable[CompiledRule]) -> None:
            for rule in rules:
                for id_ in result.open_steps(rule.rule.steps, self.evaluation, self.base):
                    if len(chosen) < MOST_STEPS:
                        chosen.setdefault(id_, self._step(id_, rule.rule.passage, rule.rule.number))

        take(first)
        order = {d: i for i, d in enumerate(self.focus.decisions)}
        take(sorted(rest, key=lambda r: (order[r.decision], r.rule.level, r.position)))
        for id_, passage in self.focus.fallback:
            if len(chosen) < 3 and result.open_steps([id_], self.evaluation, self.base):
                chosen.setdefault(id_, self._step(id_, passage, None))
        groups = ("tonight", "this_week", "later")
        self.steps = sorted(chosen.values(), key=lambda s: groups.index(s["when"]))

    def _step(self, id_: str, passage: str, rule: str | None) -> dict[str, Any]:
        step = self.base.steps[id_]
        self.cite(passage)
        out: dict[str, Any] = {"text": self.texts.step(step, self.language), "id": id_, "when": step.when}
        return out | ({"rule": rule} if rule else {}) | {"passage": passage}

    def write_steps(self) -> None:
        group = None
        for number, step in enumerate(self.steps, 1):
            if step["when"] != group:
                group = step["when"]
                self.say("\n", {"wording": "layout"})
                self.word(group)
            basis = {"rule": step["rule"]} if "rule" in step else {"passage": step["passage"]}
            self.say(f"{number}. {step['text']}\n", basis)

    def plan(self) -> None:
        """The campaign plan, a line a period with its days and the first task of each area."""
        periods = campaign_plan(self.evaluation, self.base, self.language)
        if not self.focus.plan or not periods:
            return
        writer = next(f.rule.rule for f in self.evaluation.trace if "campaign_tasks" in f.rule.rule.then)
        basis: Basis = {"rule": writer.number}
        self.say("\n", {"wording": "layout"})
        self.word("plan")
        for name, period in periods.items():
            tasks = [t["text"] for area in AREAS for t in period[area][:1]]
            days = [d[5:] for d in (period.get("from"), period.get("to")) if d]
            when = "–".join(dict.fromkeys(days)) or self._days(period)
            texts = "".join(tasks) if self.language == "zh" else " ".join(tasks)
            self.say(self.worded(f"plan.{name}", when=when and f" {when}", tasks=texts) + "\n", basis)

    def _days(self, period: dict[str, Any]) -> str:
        """The days of a period without dates, counted from the campaign; the day itself needs none."""
        first, last = (str(period[n]).replace("-", "−") for n in ("from_day", "to_day"))
        return "" if first == last else self.worded("plan_days", first=first, last=last)

    def questions(self, asked: list[Question]) -> None:
        """The first question with its reason; the others in one line."""
        if not asked:
            return
        first, *more = asked
        where = self.worded("ask_where", where=first.where) if first.where else ""
        self.say("\n", {"wording": "layout"})
        question = first.text + where
        self.say(self.worded("ask_one", question=question, why=first.why) + "\n", {"fact": first.fact})
        if more:
            texts = (" " if self.language == "en" else "").join(q.text for q in more)
            self.say(self.worded("ask_more", questions=texts) + "\n", {"fact": more[0].fact})

    def basis(self, verdict: str | None) -> None:
        """The closing line: what the verdict rests on, without rule ids."""
        titles: list[str] = []
        if verdict and self.language == "zh":
            titles.append(self.evaluation.conclusions[verdict].rules[0].rule.title)
        titles += [self.title(p) for p in list(self.passages.values())[:2]]
        self.word("basis", titles=" · ".join(dict.fromkeys(titles)), defaults=self._lines_used())

    def _lines_used(self) -> str:
        """Which lines an operator changed, with their defaults, and that the others can be."""
        used = {d["parameter"] for d in result.defaults(self.evaluation, self.base)}
        changed = result.changed_lines(self.evaluation, self.base, [s["id"] for s in self.steps])
        if not changed:
            return self.worded("basis_defaults") if used else ""
        named = []
        for name, now, was in changed[:MOST_CHANGES]:
            parameter = self.base.parameters.all[name]
            title = parameter.title if self.language == "zh" else parameter.title_en
            if isinstance(now, dict):
                named.append(title)
                continue
            shown = {
                "now": self.texts.show(name, now, self.language),
                "was": self.texts.show(name, was, self.language),
            }
            named.append(self.worded("basis_line", title=title, **shown))
        more = self.worded("basis_more", count=str(len(changed))) if len(changed) > MOST_CHANGES else ""
        rest = self.worded("basis_rest") if used - {name for name, _, _ in changed} else ""
        return self.worded("basis_changed", lines=self.listed(named) + more) + rest

    def overruled(self, verdict: str | None) -> None:
        """The rule of another number that would have said otherwise, one at most."""
        if verdict is None or self.language != "zh":
            return
        found = self.evaluation.conclusions[verdict]
        for lost in found.overruled:
            if lost.rule == lost.by:
                continue
            loser = next(f.rule.rule for f in self.evaluation.trace if f.rule.rule.number == lost.rule)
            self.say(self.worded("overruled", title=loser.title) + "\n", {"rule": loser.number})
            return

    # -- corrections and impossible values ------------------------------------------------------------

    def rejections(self, rejected: Iterable[Rejected]) -> None:
        for one in rejected:
            fact = self.base.facts[one.fact]
            counts = [f"count.{c}" for c in one.ask]
            names = [
                self.worded(c) if c in wording() else self.name(c[6:])
                for c in counts
                if c in wording() or c[6:] in self.base.facts
            ]
            ends = [self.show(one.fact, end) for end in fact.range or ()]
            self.word(
                f"rejected.{one.reason}",
                fact=self.name(one.fact),
                value=self.show(one.fact, one.value) if not isinstance(one.value, str) else one.value,  # type: ignore[arg-type]
                range="–".join(ends),
                ask=self.worded("rejected.ask", counts=self.listed(names))
                if names and one.ask != (one.fact,)
                else "",
            )

    def confirmations(self, said: Iterable[str]) -> None:
        """Possible but unusual values just said: used, and asked to be confirmed (GR-05)."""
        for name in said:
            if self.evaluation.assumed.get(name) == "to_confirm":
                value = self.show(name, self.evaluation.facts[name])
                self.say(self.worded("confirm", fact=self.name(name), value=value) + "\n", {"fact": name})

    def changes(self, changes: Changes, before: Evaluation | None) -> None:
        """What a correction replaced or withdrew, and which conclusions it changed."""
        for name in changes.retracted:
            self.say(self.worded("retracted", fact=self.name(name)) + "\n", {"fact": name})
        for one in changes.overwritten:
            self.say(
                self.worded("changed", fact=self.name(one["fact"]), new=self.show(one["fact"], one["to"]),
                            old=self.show(one["fact"], one["from"])) + "\n",
                {"fact": one["fact"]},
            )  # fmt: skip
        if before is not None:
            self.differences(before)

    def differences(self, before: Evaluation) -> int:
        """The conclusions of the focus that differ from `before`, a line each."""
        old_texts = Texts(self.base, before)
        count = 0
        for key in dict.fromkeys([*self.focus.verdict, *self.focus.state]):
            old, new = before.conclusions.get(key), self.evaluation.conclusions.get(key)
            if old is None or new is None or isinstance(new.value, list):
                continue
            was, now = self._short(key, old.value, old_texts), self._short(key, new.value, self.texts)
            if was != now and new.rules:
                title = self.base.keys[key].title if self.language == "zh" else self.base.keys[key].title_en
                self.say(
                    self.worded("changed_decision", title=title, old=was, new=now) + "\n",
                    {"rule": new.rules[0].rule.number},
                )
                count += 1
        return count

    def numbers_changed(self, before: Evaluation) -> None:
        """The shown numbers that differ from `before`, old and new."""
        old_texts = Texts(self.base, before)
        for name, shown in self.base.derived.items():
            old, new = before.derived.values.get(name), self.evaluation.derived.values.get(name)
            if not shown.public or old is None or new is None or old == new:
                continue
            title = shown.title if self.language == "zh" else shown.title_en
            was, now = (t.show(name, v, self.language) for t, v in ((old_texts, old), (self.texts, new)))
            fact = next(iter(self.evaluation.derived.facts[name]), "gross_margin")
            self.say(self.worded("supposed_number", title=title, old=was, new=now) + "\n", {"fact": fact})

    def stays(self, key: str) -> None:
        """The conclusion that a supposed value leaves as it is."""
        found = self.evaluation.conclusions[key]
        title = self.base.keys[key].title if self.language == "zh" else self.base.keys[key].title_en
        value = self.listed([self._short(key, one, self.texts) for one in self.values(key)])
        self.say(
            self.worded("unchanged", title=title, value=value) + "\n", {"rule": found.rules[0].rule.number}
        )

    def _short(self, key: str, value: Any, texts: Texts) -> str:
        if key == "allocation":
            entry = self.base.sums["allocation"]
            return (texts.first(entry.zh if self.language == "zh" else entry.en, self.language) or "").rstrip(
                "。."
            )
        return texts.wording(f"{key}.{value}", self.language).rstrip("。.")

    # -- passages -------------------------------------------------------------------------------------

    def passage(self, id_: str, role: str, reply: str | None = None) -> None:
        """A passage as an answer: whole for a merchant's reading, forwardable for support.

        `reply` is what of it answers the question, else its summary.
        """
        found = self.cite(id_)
        own = found.tag == "own"
        body = reply or found.summary
        if self.language == "en" and not own:
            body = found.text_en
        if role == "support" and self.language == "zh":
            body = self.worded("lookup_forward", summary=body)
        self.say(body + "\n", {"passage": id_})
        title = f"{id_} {self.title(found)}" if role == "support" else self.title(found)
        source = self.library.source_title(found).partition(";")[0]
        code = "lookup_own" if own else "lookup_source"
        self.say(self.worded(code, title=title, source=source) + "\n", {"passage": id_})

    def citations(self) -> list[dict[str, Any]]:
        return [
            {
                "passage": p.id,
                "title": self.title(p),
                "text": p.text if self.language == "zh" else p.text_en,
                "source": self.library.source_title(p),
            }
            for p in self.passages.values()
        ]


def _said(rule: CompiledRule, key: str) -> list[Any]:
    value = rule.rule.then.get(key)
    return value if isinstance(value, list) else [value]
