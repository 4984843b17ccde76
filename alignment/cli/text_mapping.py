"""The report of `map` as a person reads it: the verdict, what is captured, who pays for it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alignment.cli.text import wrapped
from alignment.words import amount, counted, listed, number, share

BAR = 24
ALL = 1 - 1e-9
Json = Mapping[str, Any]

_VERDICTS = {
    "aligned": "the objective maps to the goals",
    "partly": "the objective maps to some of the goals",
    "misaligned": "the objective does not map to the goals",
    "unknown": "there is no objective, or there are no goals, to map",
}


def mapping_text(report: Json, title: str) -> str:
    """The whole report of `map` as text, from values with the keys of its JSON."""
    blocks = ["\n".join(wrapped(f"{title}: {report['verdict']}. {_sentence(report['verdict'])}"))]
    if report.get("behaviour"):
        blocks += [block for block in _behaviour(report["behaviour"]) if block]
    blocks += ["\n".join(_findings(report["findings"]))] if report["findings"] else []
    if report["coverage"]:
        blocks.append("\n".join(_coverage(report["coverage"])))
    if report.get("agreement"):
        blocks.append("\n".join(_agreement(report["agreement"])))
    if report.get("repair"):
        blocks.append("\n".join(_repair(report["repair"], report.get("behaviour") or {})))
    return "\n\n".join(blocks) + "\n"


def bar(part: float | None, most: float = 1.0) -> str:
    """A bar of 24 cells, filled by `part` of `most`; empty at 0 and below, and where the part is unknown."""
    filled = 0 if part is None or most <= 0 else round(max(0.0, min(1.0, part / most)) * BAR)
    return "█" * filled + "·" * (BAR - filled)


def _sentence(verdict: str) -> str:
    text = _VERDICTS[verdict]
    return text[0].upper() + text[1:] + "."


def _behaviour(behaviour: Json) -> Iterator[str]:
    yield "\n".join(_captured(behaviour))
    yield "\n".join(_regret(behaviour))
    yield "\n".join(_left_out(behaviour))


def _captured(behaviour: Json) -> Iterator[str]:
    captured = behaviour["captured"]
    of = counted(behaviour["items"], "item")
    if captured["model"] is None:
        yield from wrapped(f"The captured share has no value on {of}: {captured['reason']}")
        return
    low, high = captured["low"], captured["high"]
    interval = f" (95 % interval {share(low)} to {share(high)})" if low is not None and high is not None else ""
    yield from wrapped(f"The model captures {share(captured['model'])} of the achievable value{interval}, on {of}.")
    rows = [("model", captured["model"]), ("at random", captured["random"]), ("best choice", 1.0)]
    yield from (f"  {name:<12} {bar(part)} {share(part):>6}" for name, part in rows if part is not None)
    if low is None and captured.get("reason"):
        yield from wrapped(f"No interval: {captured['reason']}", "  ")


def _regret(behaviour: Json) -> Iterator[str]:
    rows = sorted(behaviour["regret"], key=lambda row: -(row["share"] or 0))
    if not rows:
        return
    yield "What each goal loses against the best choice, as a share of it:"
    width = max(len(row["goal"]) for row in rows)
    for row in rows:
        yield f"  {row['goal']:<{width}} {bar(row['share'])} {share(row['share']):>6}  {row['team']}, {_lost(row)}"
    shares = {row["team"]: row["regret_share"] or 0 for row in behaviour["teams"]}
    paying = [f"{team} {share(part)}" for team, part in sorted(shares.items(), key=lambda row: -row[1]) if part > 0]
    gaining = [f"{team} {share(-part)}" for team, part in sorted(shares.items(), key=lambda row: row[1]) if part < 0]
    said = [f"{words}: {', '.join(teams)}." for words, teams in (("Who pays", paying), ("Who gains", gaining)) if teams]
    if said:
        yield from wrapped(" ".join(said))


def _lost(row: Json) -> str:
    if not row["amount"]:
        return "nothing lost"
    return f"{amount(abs(row['amount']), row['unit'])} {'lost' if row['amount'] > 0 else 'better'}"


def _left_out(behaviour: Json) -> Iterator[str]:
    if behaviour["infeasible_items"]:
        yield from wrapped(
            f"Left out: {counted(behaviour['infeasible_items'], 'item')} whose every candidate breaks a hard rule."
        )
    if behaviour["incomplete_candidates"]:
        yield from wrapped(
            f"Left out: {counted(behaviour['incomplete_candidates'], 'candidate')} with a value missing."
        )
    for key, words in (
        ("unseen_goals", "Goals whose metric is not in the decision table"),
        ("unmovable", "Goals that no candidate moves"),
    ):
        if behaviour[key]:
            yield from wrapped(f"{words}: {', '.join(behaviour[key])}.")
    yield from _over_several_items(behaviour)


def _over_several_items(behaviour: Json) -> Iterator[str]:
    """Which rules tie items together, and what became of them."""
    coupled, because = behaviour.get("coupled"), behaviour.get("not_applied_because") or {}
    if coupled:
        near = "" if coupled["method"] == "milp" else f", to within {share(coupled['gap'])} of the best"
        yield from wrapped(f"Chosen for all items together, under {listed(coupled['applied'])}{near}.")
    unexplained = [rule for rule in behaviour["constraints_not_applied"] if rule not in because]
    if unexplained:
        yield from wrapped(f"Rules that were not applied: {', '.join(unexplained)}.")
    for rule, reason in because.items():
        yield from wrapped(f"Not applied: {rule}; {reason}.")


def _findings(findings: Sequence[Json]) -> Iterator[str]:
    counts = {s: sum(f["severity"] == s for f in findings) for s in ("error", "warning", "note")}
    yield f"Findings: {', '.join(counted(n, s) for s, n in counts.items() if n)}"
    order = {"error": 0, "warning": 1, "note": 2}
    for finding in sorted(findings, key=lambda f: order[f["severity"]]):
        yield from wrapped(finding["message"], f"  {finding['severity']:<8} ", " " * 11)
        if finding.get("suggestion"):
            yield from wrapped(finding["suggestion"], " " * 11 + "-> ")


def _coverage(rows: Sequence[Json]) -> Iterator[str]:
    yield "How each goal is reached:"
    width = max(len(row["goal"]) for row in rows)
    for row in rows:
        first = f"  {row['goal']:<{width}}  "
        if row["term"] is None:
            yield first + "by no term of the objective"
            continue
        way = " > ".join(row["path"])
        helps = "helps" if row["sign"] > 0 else "harms"
        facts = [f"{helps}, strength {number(row['strength'])}"]
        facts += [counted(row["lag_days"], "day")] if row["lag_days"] else []
        yield from wrapped(f"{way} ({', '.join([*facts, row['evidence']])})", first)


def _agreement(agreement: Json) -> Iterator[str]:
    between = f"Agreement between {counted(len(agreement['teams']), 'team')}"
    figures = f"W = {number(agreement['w'])}, p = {number(agreement['p'])}"
    yield from wrapped(f"{between}: {figures} ({agreement['method']}).")


def _repair(repair: Json, behaviour: Json) -> Iterator[str]:
    weights = listed(f"{metric} {number(weight)}" for metric, weight in repair["weights"].items())
    unseen = repair["held_out"]
    gain = f"{share(unseen['captured_after'])} is captured instead of {share(unseen['captured_before'])}"
    where = f"on the {counted(unseen['items'], 'item')} kept back to test them"
    interval = f"gain {share(unseen['gain'])}, 95 % interval {share(unseen['low'])} to {share(unseen['high'])}"
    text = f"Weights that do better: {weights}. With them, {where}, {gain} ({interval})."
    coupled, wanted = behaviour.get("coupled"), {row["metric"] for row in behaviour.get("regret", ())}
    if unseen["captured_after"] >= ALL and wanted and wanted <= set(repair["weights"]):
        text += " That is all, as the model can compute the metric of every goal in the table."
    if coupled:
        text += f" Here each item is judged by itself, without {listed(coupled['applied'])}."
    yield from wrapped(text)
