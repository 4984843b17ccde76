"""Rules against rules: which pairs leave some item without a value, which are proved clear, which are not proved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ui.figures.subjects import Rule
from ui.teams import Team
from ui.words import capital, count, counted, cut, html, in_words, listed, noun

MOST, MOST_NAMES = 14, 6


@dataclass(frozen=True)
class Cell:
    """Where two rules meet: the items without a value, and the place of the card that tells more."""

    items: int
    anchor: str
    waived: bool


def matrix(
    rules: Sequence[Rule],
    conflicts: Sequence[Mapping[str, Any]],
    teams: Mapping[str, Team],
    not_proved: Iterable[str] = (),
    anchors: Mapping[str, str] | None = None,
) -> str:
    """HTML of the lower triangle of rules against rules, grouped by team in the order of `teams`.

    conflicts: those of `check --format json`; pairs are cells, the others are counted in a line below.
    anchors: conflict id to the anchor of its card, by default conflict-1, conflict-2 … in the order given.
    not_proved: ids of rules whose pairs could not be decided.
    Of more than 14 rules, those that contradict none and are proved are named in a line instead.
    """
    anchors = anchors or {c["id"]: f"conflict-{k}" for k, c in enumerate(conflicts, start=1)}
    place = list(teams)
    ordered = sorted(rules, key=lambda r: place.index(r.team) if r.team in place else len(place))
    cells = {
        frozenset(c["constraints"]): Cell(c["items"], anchors[c["id"]], bool(c.get("waived_until")))
        for c in conflicts
        if len(c["constraints"]) == 2
    }
    open_ids = set(not_proved)
    named = codes(ordered, teams)
    shown = drawn(ordered, conflicts, open_ids)
    quiet = [rule for rule in ordered if rule not in shown]
    body = _table(shown, cells, open_ids, teams, named) if len(shown) > 1 else ""
    return body + _legend(body, cells, open_ids) + _below(conflicts, quiet, bool(body))


def drawn(rules: Sequence[Rule], conflicts: Sequence[Mapping[str, Any]], not_proved: Iterable[str]) -> list[Rule]:
    """The rules that get a row: all of them, or of more than 14 those in a pair that clashes or is not proved."""
    if len(rules) <= MOST:
        return list(rules)
    busy = {rule for c in conflicts if len(c["constraints"]) == 2 for rule in c["constraints"]} | set(not_proved)
    return [rule for rule in rules if rule.id in busy]


def codes(rules: Sequence[Rule], teams: Mapping[str, Team]) -> dict[str, str]:
    """A short code for each rule: the first letters that tell its team from the others, and a number in the team."""
    prefixes: dict[str, str] = {}
    for name in [*teams, *(r.team for r in rules)]:
        if name in prefixes:
            continue
        letters = next((name[:k] for k in range(1, len(name) + 1) if name[:k].upper() not in prefixes.values()), name)
        prefixes[name] = letters.upper()
    seen: dict[str, int] = {}
    out = {}
    for rule in rules:
        seen[rule.team] = seen.get(rule.team, 0) + 1
        out[rule.id] = f"{prefixes[rule.team]}{seen[rule.team]}"
    return out


def _table(
    rules: Sequence[Rule], cells: Mapping, open_ids: set[str], teams: Mapping[str, Team], named: Mapping[str, str]
) -> str:
    def mark(rule: Rule) -> str:
        return f"{teams[rule.team].mark} " if rule.team in teams else ""

    columns, longest = rules[:-1], 28 if len(rules) <= 9 else 20
    head = "".join(f'<th scope="col" title="{html(r.name)}">{mark(r)}{named[r.id]}</th>' for r in columns)
    lines = []
    for i, rule in enumerate(rules[1:], start=1):
        turn = ' class="turn"' if rule.team != rules[i - 1].team else ""
        words = f'{mark(rule)}{named[rule.id]} <span class="ac-rule">{html(cut(rule.name, longest))}</span>'
        name = f'<th scope="row" title="{html(rule.name)}">{words}</th>'
        row = "".join(_cell(rule, other, cells, open_ids) for other in columns[:i]) + '<td class="void"></td>' * (
            len(columns) - i
        )
        lines.append(f"<tr{turn}>{name}{row}</tr>")
    many = " many" if len(rules) > 9 else " few" if len(rules) < 5 else ""
    return (
        '<div class="ac-scroll" tabindex="0" role="region" aria-label="Rules against rules">'
        f'<table class="ac-matrix{many}" style="--columns:{len(columns)}">'
        f'<thead><tr><td class="void"></td>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(rule: Rule, other: Rule, cells: Mapping[frozenset, Cell], open_ids: set[str]) -> str:
    cell = cells.get(frozenset((rule.id, other.id)))
    pair = html(f"{rule.name} and {other.name}")
    if cell:
        kind, word = ("waived", ", waived") if cell.waived else ("hit", "")
        says = f"{pair}: {counted(cell.items, 'item')}{word}"
        return f'<td class="{kind}"><a href="#{html(cell.anchor)}" title="{says}">{count(cell.items)}</a></td>'
    if {rule.id, other.id} & open_ids:
        return f'<td class="open" title="{pair}: could not be proved"><span class="ac-sr">not proved</span></td>'
    return f'<td title="{pair}: proved free of conflict">·</td>'


def _legend(body: str, cells: Mapping[frozenset, Cell], open_ids: set[str]) -> str:
    if not body:
        return ""
    parts = []
    if any(not cell.waived for cell in cells.values()):
        parts.append('<span><i class="hit">9</i>items in conflict</span>')
    if any(cell.waived for cell in cells.values()):
        parts.append('<span><i class="waived">9</i>the same, waived</span>')
    parts.append("<span><i>·</i>proved free of conflict</span>")
    if open_ids:
        parts.append('<span><i class="open"></i>could not be proved</span>')
    return f'<div class="ac-legend">{"".join(parts)}</div>'


def _below(conflicts: Sequence[Mapping[str, Any]], quiet: Sequence[Rule], drawn: bool) -> str:
    alone = sum(len(c["constraints"]) == 1 for c in conflicts)
    larger = sum(len(c["constraints"]) > 2 for c in conflicts)
    notes = [] if len(conflicts) + len(quiet) or drawn else ["One rule alone has no other to contradict"]
    if larger:
        notes.append(
            f"{in_words(larger, 'conflict')} of three rules or more {noun(larger, 'has', 'have')} only a card below"
        )
    if alone:
        notes.append(
            f"{in_words(alone, 'rule')} {'contradicts' if alone == 1 else 'contradict'} the allowed range alone"
        )
    if quiet:
        rest = [f"{len(quiet) - MOST_NAMES} more"] if len(quiet) > MOST_NAMES else []
        names = [html(cut(rule.name, 40)) for rule in quiet[:MOST_NAMES]] + rest
        notes.append(
            f"{in_words(len(quiet), 'rule')} {noun(len(quiet), 'is', 'are')} in no pair that clashes: {listed(names)}"
        )
    return "".join(f'<p class="ac-matrix-note">{capital(note)}{_stop(note)}</p>' for note in notes)


def _stop(note: str) -> str:
    return "" if note.endswith("…") else "."
