"""The headline of Conflicts: what the check found, as one sentence, and a second line on how much was checked."""

from alignment.conflicts.report import Amount, ConflictReport
from alignment.initiative.models import Initiative
from ui.words import capital, compact, count, counted, in_words, listed, noun, spoken

NOT_CHECKED = ("not_checked_yet", "opaque")


def headline(report: ConflictReport, initiative: Initiative) -> str:
    """The finding as a sentence: how many conflicts, on how many items, or that there is none."""
    live = [c for c in report.conflicts if c.waived_until is None]
    hard = [c for c in live if c.strength == "hard"]
    items = f"{count(report.infeasible_items)} of {counted(report.items, 'item')}"
    single = [c for c in hard if c.family == "item"]
    if single and report.infeasible_items:
        verb = "leaves" if len(single) == 1 else "leave"
        said = f"{capital(in_words(len(single), 'conflict'))} {verb} no {lever_word(initiative)} for {items}"
        more = len(hard) - len(single)
        return (
            f"{said}; {in_words(more, 'more', 'more')} {noun(more, 'is', 'are')} over sums or ladders" if more else said
        )
    if hard:
        return f"{capital(in_words(len(hard), 'conflict'))} {noun(len(hard), 'is', 'are')} open"
    if live:
        softer = f"{in_words(len(live), 'conflict')} with should rules {noun(len(live), 'is', 'are')} open"
        return f"Must rules agree on every item; {softer}"
    if report.conflicts:
        return f"{capital(in_words(len(report.conflicts), 'conflict'))} found, and all waived"
    if report.verdict == "incomplete":
        return "No conflict among the rules that could be checked"
    return f"No rules contradict each other on {counted(report.items, 'item')}"


def second_line(report: ConflictReport) -> str:
    """What was checked and what was not, honestly."""
    in_force = [s for s in report.constraints if s.status != "not_in_force"]
    checked = [s for s in in_force if s.status not in NOT_CHECKED]
    how = "proved" if report.complete else "checked"
    said = [f"{capital(in_words(len(checked), 'rule'))} {how} against each other on the whole catalogue"]
    soft = sum(c.strength == "soft" and c.waived_until is None for c in report.conflicts)
    if soft and any(c.strength == "hard" for c in report.conflicts):
        said.append(f"{in_words(soft, 'further conflict')} {noun(soft, 'is', 'are')} with a should rule, which yields")
    waived = sum(c.waived_until is not None for c in report.conflicts)
    if waived:
        said.append(f"{in_words(waived, 'conflict')} {noun(waived, 'is', 'are')} waived")
    later = [spoken(s.id) for s in in_force if s.status == "not_checked_yet"]
    if later:
        said.append(f"{in_words(len(later), 'rule')} {noun(len(later), 'is', 'are')} not checked yet: {listed(later)}")
    opaque = [spoken(s.id) for s in in_force if s.status == "opaque"]
    if opaque:
        said.append(f"{listed(opaque)} {noun(len(opaque), 'is', 'are')} only held against today's values")
    if not report.complete:
        said.append("the search among sums and ladders ended before it was complete, so there may be more")
    return f"{'. '.join(capital(s) for s in said)}."


def not_proved(report: ConflictReport) -> list[str]:
    """Rules of which a pair without a conflict is not thereby proved clear."""
    coupled = ("pair", "aggregate")
    return [
        s.id for s in report.constraints
        if s.status in NOT_CHECKED or (not report.complete and s.family in coupled and s.status != "not_in_force")
    ]  # fmt: skip


def at_stake(amount: Amount, initiative: Initiative) -> str:
    """What is at stake with its unit, or with the column that it is summed over: $12,400, or 496,314 of spend."""
    if amount.unit or initiative.catalogue is None or initiative.catalogue.value is None:
        return compact(amount.amount, amount.unit)
    return f"{compact(amount.amount, None)} of {spoken(initiative.catalogue.value).lower()}"


def lever_word(initiative: Initiative, lever: str | None = None) -> str:
    """The lever as it stands in a sentence: price; *value* where there are several or none."""
    if lever is not None:
        return spoken(lever).lower()
    return spoken(initiative.levers[0].name).lower() if len(initiative.levers) == 1 else "value"
