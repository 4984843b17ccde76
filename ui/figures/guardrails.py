"""What each rule costs the business, and what it saves from the model."""

from collections.abc import Mapping, Sequence

from ui.figures.drawing import Drawing, Look, faint, label
from ui.figures.points import Behaviour, in_points
from ui.figures.subjects import Rule, by_id, shortened
from ui.words import counted, cut, points

ROW, MOST = 46, 6
SMALL = 0.01
SUB = "Rules by what they save less what they cost, in points (1\u00a0% of the achievable value)"


def guardrails(behaviour: Behaviour, rules: Sequence[Rule], look: Look):
    """Figure of what each rule costs the business and what it saves from the model, by the difference, on one scale."""
    names = by_id(rules)
    rows = sorted(
        (r for r in behaviour["guardrails"] if r["price"] is not None and r["protects"] is not None),
        key=lambda r: r["price"] - r["protects"],
    )
    idle = [r for r in rows if max(abs(r["price"]), abs(r["protects"])) < SMALL]
    idle = idle if len(idle) > 1 and len(rows) > MOST else []
    alt = "; ".join(
        f"{_rule(r, names)}: costs {points(r['price'])}, saves {points(r['protects'])} points" for r in rows
    )
    title, rows = _guard_title(rows, names), [r for r in rows if r not in idle]
    d = Drawing(look, 24 + ROW * len(rows) + (30 if idle else 0), title, SUB, alt or "No rule took part.")
    costs = max([0.05, *(r["price"] for r in rows)])
    saves, harms = max([0.05, *(r["protects"] for r in rows)]), min([0.0, *(r["protects"] for r in rows)])
    pad, gutter = 0.2 * (costs + saves - harms), 0.03
    split = (1 - gutter) * (costs + pad) / (costs + saves - harms + (2.35 if harms < 0 else 2) * pad)
    d.rows(0, costs + pad)
    d.axes["xaxis"]["domain"] = [0, split]
    d.axes["xaxis2"] = {
        "domain": [split + gutter, 1],
        "range": [harms - (0.35 * pad if harms < 0 else 0), saves + pad],
        "visible": False,
        "anchor": "y",
    }
    if rows:
        d.say(0, 8, "costs the business", 11, look.ink.muted)
        d.say(
            0 if split < 0.55 else 1,
            8,
            "saves from the model",
            11,
            look.ink.muted,
            x_at="left" if split < 0.55 else "right",
            xref="x2" if split < 0.55 else "paper",
        )
    for axis in ("x", "x2") if rows else ():
        d.line(0, 0, 20, 20 + ROW * len(rows), look.ink.line, xref=axis)
    short = shortened(rules, 40)
    for i, row in enumerate(rows):
        _guard(d, row, names, short, 24 + i * ROW)
    if idle:
        text = f"{counted(len(idle), 'more rule')}, each under one point both ways"
        d.say(0, d.height - 10, text, 11, look.ink.muted, xref="paper")
    return d.figure()


def _rule(row: Mapping, names: Mapping[str, Rule]) -> str:
    return names[row["constraint"]].name if row["constraint"] in names else row["constraint"]


def _guard_title(rows: Sequence[Mapping], names: Mapping[str, Rule]) -> str:
    if not rows:
        return "No rule narrows the model’s choices"
    best, worst = rows[0], rows[-1]
    if best["protects"] < 0.005:
        costly = max(rows, key=lambda r: r["price"])
        cost = (
            f"; {_quoted(costly, names)} costs {in_points(costly['price'])}"
            if costly["price"] >= 0.005
            else ", and none costs anything"
        )
        return f"No rule saves anything from this model{cost}"
    cost = "nothing" if best["price"] < 0.005 else points(best["price"])
    title = f"{_quoted(best, names)} saves {in_points(best['protects'])} and costs {cost}"
    if worst is not best and worst["price"] >= 0.005 and worst["protects"] < 0.005:
        harms = worst["protects"] <= -0.005
        effect = f"sets the model back by {points(-worst['protects'])}" if harms else "saves nothing"
        title += f"; {_quoted(worst, names)} costs {points(worst['price'])} and {effect}"
    return title


def _quoted(row: Mapping, names: Mapping[str, Rule]) -> str:
    return f"“{cut(_rule(row, names), 40)}”"


def _guard(d: Drawing, row: Mapping, names: Mapping[str, Rule], short: Mapping[str, str], top: float) -> None:
    ink, rule = d.look.ink, names.get(row["constraint"])
    mark = d.look.mark(rule.team) if rule else ""
    for axis, value, colour, word in (
        ("x", row["price"], faint(ink, 0.55), "costs"),
        ("x2", row["protects"], ink.good if row["protects"] >= 0 else ink.bad, "saves"),
    ):
        d.bar(
            0,
            value,
            top + 30,
            13,
            colour,
            f"{label(_rule(row, names))} {word} {points(value)} points",
            name=f"{row['constraint']} {word}",
            xaxis=axis,
        )
        text = f"<b>{points(value)}</b>" if abs(value) >= 0.1 else points(value)
        d.say(max(value, 0), top + 30, text, 12, ink.ink if value > -0.0005 else ink.bad, xref=axis, xshift=5)
    d.say(
        0,
        top + 11,
        mark + label(short.get(row["constraint"], row["constraint"])),
        12.5,
        xref="paper",
        bgcolor=ink.ground,
        borderpad=1,
    )
