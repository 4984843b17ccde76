"""Coupled rules on the whole catalogue: every minimal conflict with its items, and what each rule does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.coupled.counts import counts_of
from alignment.conflicts.coupled.dualise import Asking, Frontier, Shared, minimal_failing, shrunk
from alignment.conflicts.coupled.evidence import Evidence, broken_parts, evidence_of
from alignment.conflicts.coupled.idle import idle
from alignment.conflicts.coupled.model import Component, Model, is_coupled, model_of
from alignment.conflicts.coupled.search import decide
from alignment.conflicts.coupled.verdicts import Judge, Question, Verdict
from alignment.conflicts.items import Counts
from alignment.conflicts.line import Bools, scope_sql
from alignment.conflicts.members import Clash
from alignment.conflicts.minimal import minimal_sets
from alignment.rules.normal import Linked
from alignment.rules.ruleset import Checked, RuleSet


@dataclass
class CoupledAnswers:
    """What the coupled engine found. opaque: reasons by id. infeasible: items left without values by hard linked
    rules. judge: knows what was found out on the way. parts: those that break, by conflict.
    """

    clashes: list[Clash]
    counts: dict[str, Counts]
    opaque: dict[str, str]
    complete: bool
    evidence: dict[tuple[str, ...], Evidence] = field(default_factory=dict)
    infeasible: Bools | None = None
    judge: Judge | None = None
    parts: dict[tuple[str, ...], list[Component]] = field(default_factory=dict)


def coupled_answers(
    rules: RuleSet, catalogue: Catalogue, item_sets: Iterable[tuple[str, ...]], deadline: float | None = None
) -> CoupledAnswers:
    """Every minimal conflict that has a ladder, an aggregate or a linked rule, judged together with all item rules.

    item_sets: the conflicts of item rules alone; a set that contains one is not minimal on the catalogue.
    deadline: when to stop, on the monotonic clock; what is then missing makes `complete` false.
    """
    if not any(is_coupled(r) for r in rules.checked):
        return CoupledAnswers([], {}, {}, True)
    model = model_of(rules, catalogue)
    found = CoupledAnswers([], counts_of(model, rules), model.opaque, True)
    judge = found.judge = Judge(model)
    known = sorted(_bits(model, ids) for ids in item_sets if _is_known(model, ids))
    linked = _linked_bits(model)
    clashing = Shared(sets=minimal_sets(known))
    if linked:
        known += _linked(judge, linked, found, deadline)
        clashing = Shared(sets=minimal_sets(known))
    start = len(clashing.sets)
    coupled = model.coupled_bits & ~linked
    settled: set[int] = set()
    for stage, searching in _stages(model, linked):
        clashing.complete = True
        others = model.coupled_bits & ~stage
        fronts = [
            (c, Frontier(c.rules & ~others, stage & ~linked)) for c in model.components if c.rules & stage & ~linked
        ]
        done = search_all(Asked(judge, deadline, searching), fronts, clashing) and clashing.complete
        if not searching:  # what a search may still tell apart is left to it
            clashing.sets = [s for s in clashing.sets if s not in clashing.unsure]
            clashing.unsure.clear()
        if done:
            settled.add(stage & ~linked)
        if coupled in settled:
            break
    else:
        found.complete &= not coupled
    fresh = [s for s in clashing.sets[start:] if s & coupled and s not in clashing.unsure]
    reduced = [s if coupled in settled or s & coupled in settled else _reduced(judge, s, deadline) for s in fresh]
    _list_all(judge, clashing, {s for s in reduced if s is not None}, found)
    _note_idle(judge, found, deadline)
    return found


def _note_idle(judge: Judge, found: CoupledAnswers, deadline: float | None) -> None:
    """Notes which coupled rules never bind, and by which rules they are implied, as far as time allows."""
    for k, rule in enumerate(judge.model.coupled):
        counts = found.counts[rule.id]
        if counts.in_scope and (deadline is None or monotonic() < deadline):
            counts.never_binds, counts.implied_by = idle(judge, k)


def _stages(model: Model, linked: int) -> list[tuple[int, bool]]:
    """Each coupled rule by itself without searching, then all together with; linked rules always take part."""
    base = len(model.items)
    single = [1 << (base + k) for k in range(len(model.coupled)) if not linked >> (base + k) & 1]
    alone = [(s | linked, False) for s in single] if len(single) > 1 else []
    return [*alone, (sum(single) | linked, True)]


def _list_all(judge: Judge, clashing: Shared, sure: set[int], found: CoupledAnswers) -> None:
    """Lists the sets that contain no other."""
    known = minimal_sets([*clashing.sets, *sure])
    for rules in sorted(sure & set(known), key=judge.model.ids):
        _listed(judge, rules, found)


def _reduced(judge: Judge, rules: int, deadline: float | None) -> int | None:
    """A subset that is minimal on every component, for sets of a search that stopped early; None: not told."""
    bits = [1 << i for i in range(rules.bit_length()) if rules >> i & 1]
    for bit in bits:
        rest = rules & ~bit
        if not rest & judge.model.coupled_bits:
            continue
        verdicts = judge.verdicts([Question(c, rest) for c in judge.model.components])
        if "fails" in verdicts:
            return _reduced(judge, rest, deadline)
        if "open" in verdicts and any(
            decide(judge, Question(c, rest), deadline) != "holds"
            for c, v in zip(judge.model.components, verdicts, strict=True)
            if v == "open"
        ):
            return None
    return rules


@dataclass(frozen=True)
class Asked:
    """Who answers, until when (on the monotonic clock), and whether questions that take a search get one."""

    judge: Judge
    deadline: float | None
    searching: bool

    @property
    def is_over(self) -> bool:
        return self.deadline is not None and monotonic() > self.deadline

    def core(self, question: Question) -> int:
        """What is known to fail within a question that does."""
        return self.judge.known.core(question.component, question.rules, self.judge.model.coupled_bits)

    def ease(self, question: Question) -> tuple[int, int]:
        """Few coupled rules and few rules come first."""
        return (question.rules & self.judge.model.coupled_bits).bit_count(), question.rules.bit_count()

    def verdicts(self, questions: Sequence[Question]) -> list[Verdict]:
        """The answers, remembered for later; `open` where none was found."""
        found = self.judge.verdicts(questions)
        if self.searching:
            for i, question in enumerate(questions):
                known = self.judge.known.verdict(question.component, question.rules)
                if found[i] == "open" and known is None:
                    found[i] = decide(self.judge, question, self.deadline)
                    self.judge.known.add(question.component, question.rules, found[i])
        return found


def search_all(asked: Asked, fronts: Sequence[tuple[Component, Frontier]], shared: Shared) -> bool:
    """Adds every minimal set that fails on some component to `shared`; False where time ran out.

    All components are asked side by side about greatest sets; of those that fail one at a time is made small, since
    many components fail for the same reason, and first those that fail for one that is easily told.
    """
    live = list(fronts)
    while live:
        if asked.is_over:
            return False
        sets = [front.following(shared) for _, front in live]
        questions = [Question(c, rules) for (c, _), rules in zip(live, sets, strict=True) if rules is not None]
        live = [pair for pair, rules in zip(live, sets, strict=True) if rules is not None]
        failing: list[Question] = []
        for (_, front), question, verdict in zip(live, questions, asked.verdicts(questions), strict=True):
            if verdict == "fails":
                failing.append(Question(question.component, asked.core(question)))
                continue
            front.settle()
            shared.complete &= verdict == "holds"
        for question in sorted(failing, key=asked.ease):
            if not any(known & ~question.rules == 0 for known in shared.sets):
                _made_small(asked, question, shared)
    return True


def _made_small(asked: Asked, question: Question, shared: Shared) -> None:
    """Adds a minimal set that fails within one that does."""
    search = shrunk(question.rules, shared, asked.judge.model.coupled_bits)
    rules = next(search, None)
    while rules is not None:
        (verdict,) = asked.verdicts([Question(question.component, rules)])
        try:
            rules = search.send(verdict)
        except StopIteration:
            return


def ask(asked: Asked, searches: Sequence[tuple[Component, Asking]]) -> bool:
    """Runs searches side by side, answering one question of each at a time; False where time ran out."""
    pending: list[tuple[Component, Asking, int]] = []

    def step(component: Component, search: Asking, verdict: Verdict | None) -> None:
        try:
            pending.append((component, search, next(search) if verdict is None else search.send(verdict)))
        except StopIteration:
            return

    for component, search in searches:
        step(component, search, None)
    while pending:
        if asked.is_over:
            return False
        now, pending = pending, []
        verdicts = asked.verdicts([Question(c, q) for c, _, q in now])
        for (component, search, _), verdict in zip(now, verdicts, strict=True):
            step(component, search, verdict)
    return True


def _bits(model: Model, ids: Sequence[str]) -> int:
    place = {rule.id: i for i, rule in enumerate(model.items + model.coupled)}
    return sum(1 << place[i] for i in ids)


def _is_known(model: Model, ids: Sequence[str]) -> bool:
    mine = {rule.id for rule in model.items}
    return all(i in mine for i in ids)


def _linked_bits(model: Model) -> int:
    base = len(model.items)
    return sum(1 << (base + k) for k, rule in enumerate(model.coupled) if isinstance(rule.form, Linked))


# Linked levers: judged item by item


def _linked(judge: Judge, linked: int, found: CoupledAnswers, deadline: float | None) -> list[int]:
    """Conflicts of linked rules and item rules, item by item; returns their sets."""
    model = judge.model
    items = _item_components(model, linked)
    every = judge.verdicts([Question(c, c.rules) for c in items])
    stuck = [c for c, verdict in zip(items, every, strict=True) if verdict != "holds"]
    owned = [Shared() for _ in stuck]
    total = Shared()
    searches = [(c, minimal_failing(c.rules, c.rules, total, own)) for c, own in zip(stuck, owned, strict=True)]
    found.complete &= ask(Asked(judge, deadline, True), searches) and total.complete
    where: dict[int, list[int]] = {}
    for component, own in zip(stuck, owned, strict=True):
        for rules in own.sets:
            if rules & linked and rules not in own.unsure:
                where.setdefault(rules, []).append(int(model.slots.item[component.slots[0]]))
    found.infeasible = np.zeros(len(model.keys), bool)
    for rules, at in sorted(where.items()):
        found.clashes.append(_clash(model, rules, np.array(sorted(at)), "item"))
        if all(_rule(model, r).hard for r in range(rules.bit_length()) if rules >> r & 1):
            found.infeasible[at] = True
    return sorted(where)


def _rule(model: Model, number: int) -> Checked:
    return (model.items + model.coupled)[number]


def _item_components(model: Model, linked: int) -> list[Component]:
    """One component per item that a linked rule speaks about, with the rows of linked rules alone."""
    rows = model.rows
    mine = np.array([bool(linked >> (len(model.items) + int(r)) & 1) for r in rows.rule], bool)
    entries = np.flatnonzero(mine[rows.entry_row])
    item = model.slots.item[rows.entry_slot[entries]]
    found = []
    order = np.argsort(item, kind="stable")
    bounds = np.flatnonzero(np.diff(item[order])) + 1
    from alignment.conflicts.coupled.model import item_bits

    bits = item_bits(model)
    for k, group in enumerate(np.split(entries[order], bounds) if len(entries) else []):
        slots, of_rows = np.unique(rows.entry_slot[group]), np.unique(rows.entry_row[group])
        rules = 0
        for s in slots:
            rules |= bits[s]
        for r in np.unique(rows.rule[of_rows]):
            rules |= 1 << (len(model.items) + int(r))
        found.append(Component(-1 - k, slots, of_rows, rules))
    return found


# Conflicts


def _listed(judge: Judge, rules: int, found: CoupledAnswers) -> None:
    model = judge.model
    parts = broken_parts(judge, rules)
    inside = items_of(model, rules, parts)
    families = {_rule(model, r).rule.family for r in range(rules.bit_length()) if rules >> r & 1}
    family: Any = families.pop() if len(families) == 1 else "mixed"
    clash = _clash(model, rules, inside, family)
    found.clashes.append(clash)
    found.evidence[clash.ids], found.parts[clash.ids] = evidence_of(judge, rules, parts), parts


def items_of(model: Model, rules: int, parts: Sequence[Component]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Numbers of the items of a conflict that breaks on some parts."""
    touched = np.unique(np.concatenate([np.zeros(0, np.int64), *(model.slots.item[c.slots] for c in parts)]))
    return _in_scope_of_all(model, rules, touched[touched >= 0])


def _in_scope_of_all(
    model: Model, rules: int, touched: np.ndarray[Any, np.dtype[np.int64]]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Touched items in scope of all item rules of a set; of any of them where no item is in scope of all."""
    rules_of_items = [r for r in range(len(model.items)) if rules >> r & 1]
    if not rules_of_items or not len(touched):
        return touched
    flags = np.array([_scope(model, r)[touched] for r in rules_of_items])
    together = touched[flags.all(axis=0)]
    return together if len(together) else touched[flags.any(axis=0)] if flags.any() else touched


def _scope(model: Model, rule: int) -> Bools:
    """Which items are in scope of an item rule."""
    if rule not in model.scopes:
        query = f"select {scope_sql(_rule(model, rule))} as inside from {quoted(model.catalogue.table)}"
        model.scopes[rule] = np.asarray(model.catalogue.connection.execute(query).fetchnumpy()["inside"], bool)
    return model.scopes[rule]


def _clash(model: Model, rules: int, items: np.ndarray[Any, np.dtype[np.int64]], family: Any) -> Clash:
    keys = np.empty(len(items), object)
    keys[:] = [model.keys[i] for i in items]
    return Clash(model.ids(rules), family, None, keys, np.full(len(items), np.nan), _stake(model, items), False)


def _stake(model: Model, items: np.ndarray[Any, np.dtype[np.int64]]) -> float:
    catalogue = model.catalogue
    if catalogue.value is None:
        return 0.0
    query = f"select coalesce(cast({quoted(catalogue.value)} as double), 0) as v from {quoted(catalogue.table)}"
    return float(np.asarray(catalogue.connection.execute(query).fetchnumpy()["v"])[items].sum())
