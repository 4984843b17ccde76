"""What the initiative is about, as the headline of Frame and the line under it."""

from alignment.initiative.models import Initiative
from ui.session import Here
from ui.words import counted, in_words, listed, noun, spoken


def headline(here: Here) -> str:
    """What the model decides, on how many items, for how many goals, as one sentence."""
    initiative = here.initiative
    if not initiative.levers:
        return "Say first what the model decides"
    levers = listed(spoken(lever.name).lower() for lever in initiative.levers)
    on = f" on {counted(here.ground.catalogue.rows, 'item')}" if here.ground.catalogue else ""
    teams = {goal.team for goal in initiative.goals}
    goals = f", for {in_words(len(initiative.goals), 'goal')} of {in_words(len(teams), 'team')}" if teams else ""
    return f"The model decides the {levers}{on}{goals}"


def second_line(initiative: Initiative) -> str:
    """What is missing or weak in the frame, or the initiative's own summary."""
    said = [initiative.summary.strip()] if initiative.summary else []
    unmeasured = [m.name for m in initiative.metrics if m.measured == "none"]
    wanted = [spoken(g.id) for g in initiative.goals if g.metric in unmeasured]
    if wanted:
        said.append(f"Nobody measures what {listed(wanted)} {noun(len(wanted), 'speaks', 'speak')} about.")
    assumed = sum(link.evidence == "assumed" for link in initiative.links)
    if assumed:
        said.append(f"{in_words(assumed, 'link').capitalize()} {noun(assumed, 'is', 'are')} only assumed.")
    silent = [spoken(t) for t in initiative.teams if t not in {g.team for g in initiative.goals}]
    if silent and initiative.goals:
        said.append(f"{listed(silent)} {noun(len(silent), 'has', 'have')} no goal.")
    return " ".join(said)
