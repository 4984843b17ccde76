"""Who may join, and what each role may write; checked at the door, whatever the actor claims to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment.errors import UsageError
from alignment.initiative.models import (
    Constraint,
    Definition,
    Goal,
    Initiative,
    Lever,
    Link,
    Metric,
    Objective,
    Points,
    Readiness,
    Signature,
    Stance,
)
from alignment.store import Actor, Head, NotAllowed, Refused, Stage, Workshop
from tests.store.sample import ANA, BO, CY


def test_the_creator_is_the_facilitator_whatever_was_asked(workshop: Workshop, initiative: Initiative) -> None:
    id = workshop.create(initiative, Actor("Dee", "tech", "reviewer"))
    assert [(m.name, m.team, m.role) for m in workshop.members(id)] == [("Dee", "tech", "facilitator")]


def test_the_first_to_join_what_accord_put_in_is_the_facilitator(workshop: Workshop, initiative: Initiative) -> None:
    id = workshop.create(initiative)
    assert workshop.members(id) == ()
    assert workshop.join(id, "Ana", "operations").role == "facilitator"
    assert workshop.join(id, "Bo", "brand").role == "participant"


def test_who_joins_again_is_the_same_member_with_the_same_role(workshop: Workshop, pricing: str) -> None:
    bo = workshop.join(pricing, "Bo", "brand")
    assert workshop.join(pricing, " Bo ", "brand", "reviewer") == bo
    assert len(workshop.members(pricing)) == 3


def test_a_token_brings_a_member_back_after_a_restart(workshop: Workshop, pricing: str, path: Path) -> None:
    bo = workshop.join(pricing, "Bo", "brand")
    workshop.close()
    with Workshop.open(path) as again:
        assert again.member(bo.token) == (pricing, bo)
        assert again.member("guessed") is None


def test_tokens_stay_out_of_the_history(workshop: Workshop, pricing: str) -> None:
    tokens = [m.token for m in workshop.members(pricing)]
    said = repr(workshop.events(pricing, limit=1000))
    assert len(set(tokens)) == 3
    assert not [token for token in tokens if token in said]


CANNOT_JOIN = [
    (("Dee", "brnd", "participant"), UsageError, "'brnd' is not a team; did you mean 'brand'?"),
    (("Dee", "", "participant"), UsageError, "'' is not a team"),
    (("  ", "brand", "participant"), UsageError, "A name has between 1 and 200 characters"),
    (("Dee", "brand", "boss"), UsageError, "'boss' is not a role"),
    (("Dee", "brand", "facilitator"), NotAllowed, "has a facilitator already"),
]


@pytest.mark.parametrize(("who", "error", "sentence"), CANNOT_JOIN)
def test_who_cannot_join_is_told_why(
    workshop: Workshop, pricing: str, who: tuple[str, str, str], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as refused:
        workshop.join(pricing, *who)  # type: ignore[arg-type]
    assert sentence in str(refused.value)
    assert len(workshop.members(pricing)) == 3


def test_a_facilitator_takes_in_another_and_changes_roles(workshop: Workshop, pricing: str) -> None:
    assert workshop.join(pricing, "Dee", "tech", "facilitator", by=ANA).role == "facilitator"
    with pytest.raises(NotAllowed):
        workshop.join(pricing, "Eli", "tech", "facilitator", by=BO)
    with pytest.raises(NotAllowed, match="Only a facilitator may change roles"):
        workshop.set_role(pricing, "Bo", "brand", "facilitator", BO)
    workshop.set_role(pricing, "Bo", "brand", "reviewer", ANA)
    with pytest.raises(NotAllowed):
        workshop.add(pricing, "metrics", Metric(name="m"), BO)


def test_the_last_facilitator_stays(workshop: Workshop, pricing: str) -> None:
    with pytest.raises(UsageError, match="Ana is the only facilitator"):
        workshop.set_role(pricing, "Ana", "operations", "participant", ANA)


def test_a_role_that_was_changed_holds_after_a_restart(workshop: Workshop, pricing: str, path: Path) -> None:
    workshop.set_role(pricing, "Bo", "brand", "reviewer", ANA)
    workshop.close()
    with Workshop.open(path) as again:
        assert {m.name: m.role for m in again.members(pricing)} == {
            "Ana": "facilitator", "Bo": "reviewer", "Cy": "reviewer"}


def test_the_role_that_counts_is_the_one_in_the_list_of_members(workshop: Workshop, pricing: str) -> None:
    with pytest.raises(NotAllowed, match="joined as a reviewer"):
        workshop.add(pricing, "metrics", Metric(name="m"), Actor("Cy", "tech", "facilitator"))
    with pytest.raises(NotAllowed, match="Dee of brand is not a member of 'Spring pricing'; join it first"):
        workshop.add(pricing, "metrics", Metric(name="m"), Actor("Dee", "brand", "facilitator"))


MAY = [
    ("constraints", Constraint(id="c", team="brand", rule="price > 1")),
    ("goals", Goal(id="g", team="brand", metric="margin")),
    ("metrics", Metric(name="m")),
    ("links", Link.model_validate({"from": "margin", "to": "price_image", "sign": "positive"})),
    ("definitions", Definition(metric="margin", version=4, text="t")),
    ("points", Points(participant="Bo", team="brand", goal="keep-image", points=60)),
    ("readiness", Readiness(participant="Bo", team="brand", area="fear", statement="s", score=3)),
    ("stances", Stance(on="floor", team="brand", by="Bo", stance="agree")),
    ("signatures", Signature(name="Bo", team="brand", at="2026-03-01T10:00:00", content_hash="sha256:1")),
]
MAY_NOT = [
    ("constraints", Constraint(id="c", team="tech", rule="price > 1"), "belongs to tech, and Bo is of brand"),
    ("levers", Lever(name="discount"), "Only a facilitator may change lever 'discount'"),
    ("stage", Stage(stage="sign"), "Only a facilitator may change the stage"),
    ("points", Points(participant="Eve", team="brand", goal="keep-image", points=60), "speaks for Eve"),
    ("stances", Stance(on="floor", team="brand", by="Eve", stance="agree"), "speaks for Eve"),
    ("signatures", Signature(name="Bo", team="tech", at="2026-03-01T10:00:00", content_hash="x"), "belongs to tech"),
]


@pytest.mark.parametrize(("kind", "record"), MAY)
def test_a_participant_records_for_the_own_team_and_in_the_own_name(
    workshop: Workshop, pricing: str, kind: str, record: Metric
) -> None:
    entry = workshop.add(pricing, kind, record, BO)
    assert workshop.undo(entry.event, BO).record is None


@pytest.mark.parametrize(("kind", "record", "sentence"), MAY_NOT)
def test_a_participant_does_not_write_for_others(
    workshop: Workshop, pricing: str, kind: str, record: Metric, sentence: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        workshop.add(pricing, kind, record, BO)
    assert sentence in str(refused.value)


def test_a_participant_cannot_take_over_or_give_away_or_undo_a_record(workshop: Workshop, pricing: str) -> None:
    mine, theirs = (workshop.entry(pricing, "constraints", id) for id in ("ceiling", "floor"))
    assert isinstance(mine.record, Constraint) and isinstance(theirs.record, Constraint)
    with pytest.raises(NotAllowed):
        workshop.edit(pricing, "constraints", "floor", theirs.record.model_copy(update={"team": "brand"}), 1, BO)
    with pytest.raises(NotAllowed):
        workshop.edit(pricing, "constraints", "ceiling", mine.record.model_copy(update={"team": "tech"}), 1, BO)
    with pytest.raises(NotAllowed):
        workshop.remove(pricing, "constraints", "floor", 1, BO)
    event = workshop.retire(pricing, "constraints", "floor", 1, ANA).event
    with pytest.raises(NotAllowed):
        workshop.undo(event, BO)


def test_weights_of_goals_are_the_facilitators(workshop: Workshop, pricing: str) -> None:
    goal = workshop.entry(pricing, "goals", "keep-image").record
    assert isinstance(goal, Goal)
    with pytest.raises(NotAllowed, match="weight of goal 'keep-image'"):
        workshop.edit(pricing, "goals", "keep-image", goal.model_copy(update={"weight": 9}), 1, BO)
    workshop.edit(pricing, "goals", "keep-image", goal.model_copy(update={"because": "Trust"}), 1, BO)


def test_a_reviewer_comments_and_writes_nothing_else(workshop: Workshop, pricing: str) -> None:
    said = workshop.comment(pricing, "constraints", "floor", "Why 1.08?", CY)
    assert (said.version, said.by, said.team) == (1, "Cy", "tech")
    with pytest.raises(NotAllowed, match="reads and comments"):
        workshop.edit(pricing, "objective", "objective", Objective(expression="margin"), 1, CY)


def test_comments_stand_by_record_in_the_order_they_were_made(workshop: Workshop, pricing: str, path: Path) -> None:
    made = [workshop.comment(pricing, "constraints", id, text, by) for id, text, by in
            (("floor", "one", ANA), ("ladder", "two", BO), ("floor", "three", CY))]
    assert workshop.comments(pricing, "constraints", "floor") == (made[0], made[2])
    workshop.close()
    with Workshop.open(path) as again:
        assert again.comments(pricing) == tuple(made)
    with pytest.raises(UsageError, match="comment is empty"):
        again.comment(pricing, "constraints", "floor", "  ", ANA)


def test_only_a_facilitator_replaces_a_whole_file(workshop: Workshop, pricing: str, initiative: Initiative) -> None:
    with pytest.raises(NotAllowed, match="Only a facilitator may import a whole file"):
        workshop.replace(pricing, initiative, BO)


def test_a_draft_is_kept_for_its_person_alone_and_makes_no_revision(
    workshop: Workshop, pricing: str, path: Path
) -> None:
    revision, values = workshop.revision(), {"rule": "price >= ", "priority": 5, "day": "2026-03-01"}
    workshop.save_draft(pricing, "record", {"rule": "p"}, BO)
    workshop.save_draft(pricing, "record", values, BO)
    assert workshop.revision() == revision
    workshop.close()
    with Workshop.open(path) as again:
        assert again.draft(pricing, "record", BO) == values
        assert again.draft(pricing, "record", ANA) is None
        again.save_draft(pricing, "record", None, BO)
        assert again.draft(pricing, "record", BO) is None


def test_the_stage_is_kept_and_is_no_part_of_the_file(workshop: Workshop, pricing: str, initiative: Initiative) -> None:
    assert workshop.stage(pricing) == Stage()
    workshop.set_stage(pricing, Stage(stage="record", alone=True), ANA)
    workshop.set_stage(pricing, Stage(stage="resolve"), ANA)
    assert workshop.stage(pricing).stage == "resolve"
    assert workshop.initiative(pricing).written() == initiative.written()


def test_an_edited_head_keeps_the_order_of_the_file(workshop: Workshop, pricing: str, initiative: Initiative) -> None:
    head = workshop.entry(pricing, "head", "head").record
    assert isinstance(head, Head)
    workshop.edit(pricing, "head", "head", Head(name="Summer", teams=head.teams), 1, ANA)
    written = workshop.initiative(pricing).written()
    assert written["name"] == "Summer"
    assert list(written) == [k for k in initiative.written() if k not in ("summary", "as_of", "currency")]


def test_what_a_person_says_again_replaces_what_they_said(workshop: Workshop, pricing: str) -> None:
    for points in (60, 70):
        workshop.put(pricing, "points", Points(participant="Bo", team="brand", goal="keep-image", points=points), BO)
    workshop.put(pricing, "points", Points(participant="Bo", team="brand", goal="margin-up", points=30), BO)
    said = [(p.goal, p.points) for p in workshop.initiative(pricing).points]
    assert said == [("keep-image", 70), ("margin-up", 30)]
    assert workshop.put(pricing, "stances", Stance(on="floor", team="brand", by="Bo", stance="agree"), BO).version == 2


def test_an_initiative_keeps_a_name(workshop: Workshop, pricing: str) -> None:
    with pytest.raises(Refused, match=r"^an initiative has an id or a name"):
        workshop.edit(pricing, "head", "head", Head(teams=("operations", "brand", "tech")), 1, ANA)
