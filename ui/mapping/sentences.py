"""What a mapping says in sentences: the verdict as a headline, and what stands beside figures. Nothing of Streamlit."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ui.figures.links import BARE, HARMED, links_of, state
from ui.figures.points import in_points, inside
from ui.figures.subjects import Goal
from ui.words import MINUS, capital, count, counted, cut, in_words, listed, share, spoken

if TYPE_CHECKING:
    from alignment.objective.report import Behaviour, MappingReport, Repair, Robustness

PAYS, GAINS = 0.05, 0.02
NAMED = 2
ALL = 1 - 1e-9


def objective_title(report: "MappingReport", goals: Sequence[Goal], coverage: Sequence[Mapping]) -> str:
    """The verdict on the objective as one sentence."""
    links = links_of(coverage)
    states = {goal.id: state(goal, links) for goal in goals}
    heavy = sorted(goals, key=lambda goal: -goal.weight)
    harmed = [goal for goal in heavy if states[goal.id] == HARMED]
    bare = [goal for goal in heavy if states[goal.id] == BARE]
    pushed = f"{_named(harmed)} {'is' if len(harmed) == 1 else 'are'} pushed the wrong way" if harmed else ""
    if pushed:
        return capital(pushed + (f", and no term reaches {_named(bare, len(goals))}" if bare else ""))
    if bare:
        return f"No term of the objective reaches {_named(bare, len(goals))}"
    return _all_reached(report, len(goals))


def _named(goals: Sequence[Goal], of: int | None = None) -> str:
    """The goals by name, or how many there are of more than two."""
    if len(goals) <= NAMED:
        return listed(inside(cut(goal.name, 40)) for goal in goals)
    return in_words(len(goals), "goal") if of is None else f"{in_words(len(goals), 'goal')} of {count(of)}"


def _all_reached(report: "MappingReport", goals: int) -> str:
    reached = "The goal is reached" if goals == 1 else f"Each of the {in_words(goals, 'goal')} is reached"
    if report.behaviour is None:
        errors = sum(f.severity == "error" for f in report.findings)
        if errors:
            stand = "stands" if errors == 1 else "stand"
            return f"{reached} by the objective, but {in_words(errors, 'error')} {stand} in the way"
        return f"{reached} by the objective; what the model would choose is not measured yet"
    k = report.behaviour.captured.model
    if k is None:
        return f"{reached} by the objective, but what there is to gain is not known"
    if report.verdict == "aligned":
        what = "goal" if goals == 1 else "goals"
        return f"The objective maps to the {what}: the model captures {share(k)} of what there is"
    return f"{reached} by the objective, yet the model captures {share(k)} of what there is"


def findings_title(report: "MappingReport") -> str:
    """How many findings of each severity there are."""
    counts = {s: sum(f.severity == s for f in report.findings) for s in ("error", "warning", "note")}
    said = [in_words(n, severity) for severity, n in counts.items() if n]
    return capital(listed(said)) if said else "Nothing in what was recorded speaks against this objective"


def counts_of(report: "MappingReport", goals: int) -> str:
    """The line beside the chip: goals, terms and items."""
    parts = [counted(goals, "goal"), counted(len(report.terms), "term")]
    parts += [counted(report.behaviour.items, "item")] if report.behaviour else []
    return " · ".join(parts)


def behaviour_title(report: "MappingReport", levers: Sequence[str]) -> str:
    """What the model would do, as one sentence."""
    behaviour = report.behaviour
    assert behaviour is not None
    captured = behaviour.captured
    if captured.model is None:
        return "What there is to gain on this table is not known"
    low = captured.model if captured.low is None else captured.low
    high = captured.model if captured.high is None else captured.high
    as_is = f"leaving every {spoken(levers[0]).lower()} as it is" if len(levers) == 1 else "leaving everything as it is"
    if high < 0:
        return f"Left to itself, this model would do more harm than {as_is}"
    pays = sorted((t for t in behaviour.teams if (t.regret_share or 0) >= PAYS), key=lambda t: -(t.regret_share or 0))
    payers = listed(spoken(t.team) if i == 0 else _team(t.team) for i, t in enumerate(pays[:3]))
    payers = payers[:1].lower() + payers[1:] if payers and not payers[:2].isupper() else payers
    gains = [_team(t.team) for t in behaviour.teams if (t.regret_share or 0) <= -GAINS]
    if low < 0:
        return f"This model may do no better than {as_is}"
    if gains and pays:
        return f"This model does more for {listed(gains)} than the best choice would, at the expense of {payers}"
    if low >= 0.8:
        return "This model does nearly what the goals ask for" + (
            f"; what is missing falls on {payers}" if pays else ""
        )
    if pays:
        return f"This model leaves value on the table, and {payers} {'pays' if len(pays) == 1 else 'pay'} for it"
    return "This model leaves value on the table, a little of every team’s"


def _team(name: str) -> str:
    words = spoken(name)
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def seen_line(behaviour: "Behaviour", goals: Sequence[Goal], all_items: int) -> str:
    """How much of the table and of the weight the figures are about."""
    of = f" of {count(all_items)}" if all_items != behaviour.items else ""
    said = [f"{counted(behaviour.items, 'item') if not of else count(behaviour.items) + of + ' items'}"]
    said.append(counted(behaviour.candidates, "candidate"))
    if behaviour.unseen_goals:
        names = {goal.id: goal.name for goal in goals}
        missing = listed(inside(names.get(g, g)) for g in behaviour.unseen_goals)
        verb = "is" if len(behaviour.unseen_goals) == 1 else "are"
        said.append(f"{share(1 - behaviour.unseen_weight)} of the goals’ weight is in the table; {missing} {verb} not")
    return " · ".join(said)


def left_out(behaviour: "Behaviour", goals: Sequence[Goal], rules: Mapping[str, str]) -> list[str]:
    """What the figures leave out, one sentence each. rules: names by id."""
    names = {goal.id: goal.name for goal in goals}
    said = []
    if n := behaviour.infeasible_items:
        has, are = ("has", "is") if n == 1 else ("have", "are")
        said.append(f"{counted(n, 'item')} {has} no candidate that keeps every hard rule, and {are} left out.")
    if n := behaviour.incomplete_candidates:
        lack, are = ("lacks", "is") if n == 1 else ("lack", "are")
        said.append(f"{counted(n, 'candidate')} {lack} a value that is needed, and {are} left out.")
    if behaviour.unmovable:
        still = listed(inside(names.get(g, g)) for g in behaviour.unmovable)
        said.append(f"No allowed choice moves {still}.")
    if coupled := behaviour.coupled:
        together = listed(f"“{rules.get(r, r)}”" for r in coupled.applied)
        near = "" if coupled.method == "milp" else f", found to within {share(coupled.gap)} of the best"
        said.append(f"Items are chosen together under {together}{near}; so the captured share has no interval.")
    for rule in behaviour.constraints_not_applied:
        reason = behaviour.not_applied_because.get(rule, "it spans several items")
        said.append(f"“{rules.get(rule, rule)}” is not applied: {reason}.")
    return said


def robustness_sentence(robustness: "Robustness | None", verdict: str) -> str:
    """Does the verdict stand when weights move?"""
    if robustness is None:
        return ""
    held = round(robustness.same_verdict * robustness.draws)
    said = (
        f"The verdict “{verdict}” holds in {count(held)} of {count(robustness.draws)} random reweightings of the goals"
    )
    if robustness.nearest_change is None:
        return f"{said}."
    return f"{said}; the smallest that changes it moves {share(robustness.nearest_change)} of the weight."


def rank_sentence(behaviour: "Behaviour") -> str:
    """Do objective and goals put the candidates of an item in the same order?"""
    rank = behaviour.rank_agreement
    if rank is None:
        return "Objective or goals see no difference between the candidates of any item, so no order can be compared."
    tau = rank.tau_b
    how = (
        "much as the goals do" if tau >= 0.6
        else "partly as the goals do" if tau >= 0.2
        else "no better than a coin would" if tau > -0.2
        else "rather the other way round than the goals do"
    )  # fmt: skip
    interval = f"{_tau(rank.low)} to {_tau(rank.high)}"
    about = f"rank agreement τ {_tau(tau)}, 95\u00a0% interval {interval}, {counted(rank.items, 'item')}"
    return f"The objective ranks an item’s candidates {how} ({about})."


def dominated_sentence(behaviour: "Behaviour") -> str:
    """Is there a gain that costs no goal anything?"""
    found = behaviour.dominated
    if not found.items:
        return "No choice of the model is dominated: every alternative costs some goal something."
    gain = f", worth {in_points(found.free_gain)} together" if found.free_gain is not None else ""
    on = f"{counted(found.items, 'item')} ({share(found.share)})"
    free = f"a gain that costs nothing{gain}"
    return f"On {on} another allowed choice is at least as good for every goal and better for one: {free}."


def _tau(value: float) -> str:
    text = f"{abs(value):.2f}"
    return (MINUS if value < 0 and text != "0.00" else "") + text


def repair_title(repair: "Repair") -> str:
    """What the repair captures on items that it has not seen."""
    held = repair.held_out
    return f"A repair would capture {share(held.captured_after)} instead of {share(held.captured_before)}"


def repair_sub(repair: "Repair", behaviour: "Behaviour | None" = None) -> str:
    """How that was judged, and why it may be all there is."""
    held = repair.held_out
    interval = f"{share(held.low)} to {share(held.high)}"
    on = f"Judged on {counted(held.items, 'item')} that it was not fitted on"
    said = f"{on}; the gain is {share(held.gain)} (95\u00a0% interval {interval})"
    if behaviour is None:
        return said
    wanted = {row.metric for row in behaviour.regret}
    if held.captured_after >= ALL and wanted and wanted <= set(repair.weights):
        said += "; that is all, as the model can compute the metric of every goal in the table"
    if behaviour.coupled:
        said += f"; each item is judged by itself, without {listed(behaviour.coupled.applied)}"
    return said


def agreement_title(w: float | None, p: float | None, teams: int) -> str:
    """How far the teams rank the goals alike."""
    if w is None:
        return "The teams rank no goal above another, so there is nothing to agree on"
    how = "much alike" if w >= 0.7 else "partly alike" if w >= 0.4 else "quite differently"
    sure = (
        ""
        if p is None
        else "; that is no more than chance would give"
        if p > 0.05
        else "; chance alone would seldom give that"
    )
    return f"The {in_words(teams, 'team')} rank the goals {how}{sure}"


def worst_title(behaviour: "Behaviour") -> str:
    """How much of the loss the worst items carry."""
    rows, k = behaviour.worst_items, behaviour.captured.model
    if not rows:
        return "On no item do the model’s and the best choice differ in value"
    where = "Where model and goals differ most"
    if k is None or k >= 1 or any(row.loss is None for row in rows):
        return f"{where}: {counted(len(rows), 'item')}"
    part = sum(row.loss or 0 for row in rows) / (1 - k)
    return f"{where}: {counted(len(rows), 'item')} of {count(behaviour.items)} carry {share(min(1, part))} of the loss"


def worst_sub(behaviour: "Behaviour", lever: str) -> str:
    """Which way the model errs on the worst items, for one numeric lever."""
    pairs = [(row.model.get(lever), row.best.get(lever)) for row in behaviour.worst_items]
    known = [(m, b) for m, b in pairs if isinstance(m, (int, float)) and isinstance(b, (int, float))]
    if len(known) < len(pairs) or not known:
        return "Loss in points, 1\u00a0% of what the best choice adds"
    under, over = sum(m < b for m, b in known), sum(m > b for m, b in known)
    name = spoken(lever).lower()
    said = [f"a lower {name} than the best choice on {count(under)}"] if under else []
    said += (
        [f"a higher one on {count(over)}" if under else f"a higher {name} than the best choice on {count(over)}"]
        if over
        else []
    )
    return (
        f"The model takes {listed(said)} of them. Loss in points, 1\u00a0% of what the best choice adds"
        if said
        else "Loss in points"
    )
