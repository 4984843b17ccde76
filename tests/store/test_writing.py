"""Adding, editing, retiring and undoing: versions, history, stale writes and what a write may not break."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from alignment.errors import UsageError
from alignment.initiative.models import Constraint, Goal, Initiative, Link, Metric
from alignment.initiative.reading import read_text
from alignment.store import Add, Edit, Head, Refused, Stale, Workshop
from alignment.store.kinds import KINDS
from tests.store.sample import ANA, BO, INITIATIVE


def rule(id: str = "new", text: str = "price >= 1", team: str = "operations", **more: object) -> Constraint:
    return Constraint.model_validate({"id": id, "team": team, "rule": text, **more})


def test_an_added_record_stands_last_at_version_one(workshop: Workshop, pricing: str) -> None:
    entry = workshop.add(pricing, "constraints", rule(), ANA)
    assert (entry.version, entry.by, entry.team) == (1, "Ana", "operations")
    assert [c.id for c in workshop.initiative(pricing).constraints] == ["floor", "ladder", "ceiling", "new"]
    assert workshop.versions(pricing, "constraints") == {"floor": 1, "ladder": 1, "ceiling": 1, "new": 1}


def test_an_edit_keeps_the_place_and_raises_the_version(workshop: Workshop, pricing: str) -> None:
    workshop.edit(pricing, "constraints", "floor", rule("floor", "price >= 2"), 1, ANA)
    first = workshop.initiative(pricing).constraints[0]
    assert (first.id, first.rule) == ("floor", "price >= 2")
    assert workshop.versions(pricing, "constraints")["floor"] == 2


def test_an_edit_that_changes_nothing_leaves_no_trace(workshop: Workshop, pricing: str) -> None:
    revision, floor = workshop.revision(pricing), workshop.entry(pricing, "constraints", "floor")
    assert workshop.edit(pricing, "constraints", "floor", floor.record, 1, ANA) == floor
    assert workshop.revision(pricing) == revision


def test_each_write_is_in_the_history_with_the_value_before_and_after(workshop: Workshop, pricing: str) -> None:
    workshop.edit(pricing, "links", "price-margin-2", Link.model_validate(
        {"from": "price", "to": "margin", "sign": "positive", "strength": Decimal("0.50")}), 1, ANA)
    event = workshop.events(pricing, limit=1)[0]
    assert (event.action, event.kind, event.entity, event.by) == ("edited", "links", "price-margin-2", "Ana")
    assert (event.version_before, event.version_after) == (1, 2)
    assert event.before and event.after
    assert (str(event.before["strength"]), str(event.after["strength"])) == ("0.30", "0.50")
    assert event.before["from"] == "price"


def test_events_since_a_revision_or_a_time_are_those_after_it(workshop: Workshop, pricing: str) -> None:
    before = workshop.revision(pricing)
    first = workshop.add(pricing, "constraints", rule("a"), ANA)
    workshop.add(pricing, "constraints", rule("b"), ANA)
    assert [e.entity for e in workshop.events(pricing, since=before)] == ["b", "a"]
    assert [e.entity for e in workshop.events(pricing, since=first.event)] == ["b"]
    assert [e.entity for e in workshop.events(pricing, since=first.at)] == ["b", "a"]
    assert [e.entity for e in workshop.events(pricing, kind="constraints", entity_id="a")] == ["a"]


def test_the_history_is_never_behind_the_last_write(workshop: Workshop, pricing: str) -> None:
    for number in range(130):
        assert workshop.events(pricing, limit=number + 1)[0].id == workshop.revision(pricing)
    workshop.comment(pricing, "constraints", "floor", "Hm", ANA)
    assert workshop.events(pricing, limit=1)[0].action == "commented"
    assert workshop.events(pricing, limit=1) is workshop.events(pricing, limit=1)


def test_the_later_of_two_writers_gets_the_others_value(workshop: Workshop, pricing: str) -> None:
    seen = workshop.versions(pricing, "constraints")["ceiling"]
    mine, theirs = rule("ceiling", "price <= 8", "brand"), rule("ceiling", "price <= 12", "brand")
    workshop.edit(pricing, "constraints", "ceiling", theirs, seen, BO)
    with pytest.raises(Stale, match=r"constraint 'ceiling' was changed by Bo of brand at .* UTC.*version 2") as stale:
        workshop.edit(pricing, "constraints", "ceiling", mine, seen, ANA)
    assert (stale.value.current, stale.value.version, stale.value.by, stale.value.team) == (theirs, 2, "Bo", "brand")
    assert workshop.initiative(pricing).constraint("ceiling") == theirs


def test_an_edit_of_what_another_person_removed_is_stale(workshop: Workshop, pricing: str) -> None:
    workshop.add(pricing, "constraints", rule(), ANA)
    workshop.remove(pricing, "constraints", "new", 1, ANA)
    for seen in (1, 2):
        with pytest.raises(Stale, match="removed by Ana") as stale:
            workshop.edit(pricing, "constraints", "new", rule(text="price >= 2"), seen, ANA)
        assert stale.value.current is None


def test_a_version_written_by_another_connection_is_stale(workshop: Workshop, pricing: str, path: Path) -> None:
    other = duckdb.connect(str(path), config={
        "threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False})
    other.execute(
        "insert into record select initiative, kind, entity, 2, position, replace(body, '9.99', '7.77'), 999, made_at, "
        "'Bo', 'brand' from record where entity = 'ceiling'")
    with pytest.raises(Stale) as stale:
        workshop.edit(pricing, "constraints", "ceiling", rule("ceiling", "price <= 8", "brand"), 1, ANA)
    assert stale.value.current.rule == "price <= 7.77"
    other.close()


MEANING = [
    ("rule", "price >= cost"), ("where", "cost > 1"), ("strength", "soft"), ("priority", 9), ("kind", "other"),
    ("per", ["brand"]), ("relax_to", Decimal("1.02")), ("from", "2026-01-01"), ("until", "2026-02-01"),
    ("guards", ["margin"]), ("nature", "assumption"), ("pairs", {"order": "size"}), ("team", "brand"),
]
NO_MEANING = [("because", "We lose cash"), ("owner", "j.doe"), ("links", ["ticket 7"])]


def edited(workshop: Workshop, id: str, field: str, value: object) -> Constraint:
    floor = workshop.initiative(id).constraint("floor")
    new = Constraint.model_validate({**floor.written(), field: value})
    workshop.edit(id, "constraints", "floor", new, 1, ANA)
    return workshop.initiative(id).constraint("floor")


@pytest.mark.parametrize(("field", "value"), MEANING)
def test_an_agreed_rule_is_proposed_again_when_its_meaning_changes(
    workshop: Workshop, pricing: str, field: str, value: object
) -> None:
    after = edited(workshop, pricing, field, value)
    assert after.status == "proposed"
    assert list(after.written())[:4] == ["id", "team", "rule", "status"]
    assert workshop.events(pricing, limit=1)[0].action == "proposed again"


@pytest.mark.parametrize(("field", "value"), NO_MEANING)
def test_an_agreed_rule_stays_agreed_when_only_its_reason_changes(
    workshop: Workshop, pricing: str, field: str, value: object
) -> None:
    assert edited(workshop, pricing, field, value).status == "agreed"


def test_a_retired_constraint_is_kept_and_a_retired_goal_is_removed(workshop: Workshop, pricing: str) -> None:
    workshop.retire(pricing, "constraints", "ladder", 1, ANA)
    workshop.retire(pricing, "goals", "keep-image", 1, ANA)
    assert workshop.initiative(pricing).constraint("ladder").status == "retired"
    assert [g.id for g in workshop.initiative(pricing).goals] == ["margin-up"]


def test_undo_brings_back_the_value_before_as_a_new_version(
    workshop: Workshop, pricing: str, initiative: Initiative
) -> None:
    changed = [
        workshop.edit(pricing, "constraints", "floor", rule("floor"), 1, ANA),
        workshop.remove(pricing, "evidence", workshop.entries(pricing, "evidence")[0].id, 1, ANA),
        workshop.add(pricing, "metrics", Metric(name="traffic"), ANA),
    ]
    for entry in changed:
        assert workshop.undo(entry.event, ANA).version == entry.version + 1
    assert workshop.initiative(pricing).written() == initiative.written()
    assert [e.action for e in workshop.events(pricing, limit=3)] == ["undone"] * 3


def test_undo_can_itself_be_undone(workshop: Workshop, pricing: str) -> None:
    entry = workshop.add(pricing, "metrics", Metric(name="traffic"), ANA)
    workshop.undo(workshop.undo(entry.event, ANA).event, ANA)
    assert workshop.initiative(pricing).metrics[-1].name == "traffic"


def test_undo_is_refused_when_the_record_has_changed_since(workshop: Workshop, pricing: str) -> None:
    first = workshop.edit(pricing, "constraints", "floor", rule("floor"), 1, ANA)
    workshop.edit(pricing, "constraints", "floor", rule("floor", "price >= 3"), 2, ANA)
    with pytest.raises(Stale):
        workshop.undo(first.event, ANA)


def test_what_writes_no_version_cannot_be_undone(workshop: Workshop, pricing: str) -> None:
    created = workshop.events(pricing, action="created")[0]
    said = workshop.comment(pricing, "constraints", "floor", "Why 1.08?", BO)
    for event in (created.id, said.id):
        with pytest.raises(UsageError, match="cannot be undone"):
            workshop.undo(event, ANA)
    with pytest.raises(UsageError, match="no event 999999"):
        workshop.undo(999999, ANA)


REFUSED = [
    (Goal(id="g", team="brand", metric="price_imag"),
     "goal 'g', metric: 'price_imag' is not a metric; did you mean 'price_image'?"),
    (Goal(id="g", team="brnd", metric="margin"), "goal 'g', team: 'brnd' is not a team; did you mean 'brand'?"),
    (Goal(id="floor", team="brand", metric="margin"), "goal 'floor', id: 'floor' is also a constraint"),
]


@pytest.mark.parametrize(("record", "sentence"), REFUSED)
def test_a_write_that_breaks_a_reference_is_refused_and_nothing_is_recorded(
    workshop: Workshop, pricing: str, record: Goal, sentence: str
) -> None:
    before, revision = workshop.initiative(pricing), workshop.revision(pricing)
    with pytest.raises(Refused) as refused:
        workshop.add(pricing, "goals", record, ANA)
    assert sentence in str(refused.value)
    assert workshop.initiative(pricing) is before
    assert workshop.revision(pricing) == revision


def test_what_others_refer_to_cannot_be_removed(workshop: Workshop, pricing: str) -> None:
    with pytest.raises(Refused, match="goal 'keep-image', metric: 'price_image' is not a metric"):
        workshop.remove(pricing, "metrics", "price_image", 1, ANA)
    with pytest.raises(Refused, match="'brand' is not a team"):
        workshop.edit(pricing, "head", "head", Head(name="x", teams=("operations", "tech")), 1, ANA)


MISUSED = [
    (lambda w, i: w.add(i, "constraints", rule("floor"), ANA), "constraint 'floor' is already there; give the new one"),
    (lambda w, i: w.add(i, "objective", w.initiative(i).objective, ANA), "the objective is already there; edit it"),
    (lambda w, i: w.add(i, "rules", rule(), ANA), "'rules' is not a kind of record"),
    (lambda w, i: w.add(i, "goals", rule(), ANA), "a record of goals is a Goal, not a Constraint"),
    (lambda w, i: w.edit(i, "constraints", "flor", rule("flor"), 1, ANA), "there is no constraint 'flor' to change"),
    (lambda w, i: w.edit(i, "constraints", "floor", rule("base"), 1, ANA), "constraint 'floor' keeps its name"),
    (lambda w, i: w.entry(i, "constraints", "flor"), "There is no constraint 'flor'; did you mean 'floor'?"),
    (lambda w, i: w.remove(i, "head", "head", 1, ANA), "the initiative's head stays"),
    (lambda w, i: w.initiative("spring"), "There is no initiative 'spring'; did you mean 'spring-pricing'?"),
    (lambda w, i: w.comment(i, "constraints", "floor", "half \ud800", ANA), "not valid Unicode"),
]


@pytest.mark.parametrize(("misuse", "sentence"), MISUSED)
def test_a_misuse_is_one_sentence(workshop: Workshop, pricing: str, misuse: object, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        misuse(workshop, pricing)  # type: ignore[operator]
    assert sentence in str(error.value)


def test_an_id_that_was_removed_can_be_used_again_and_its_versions_go_on(workshop: Workshop, pricing: str) -> None:
    workshop.add(pricing, "constraints", rule(), ANA)
    workshop.remove(pricing, "constraints", "new", 1, ANA)
    assert workshop.add(pricing, "constraints", rule(text="price >= 5"), ANA).version == 3


def test_writes_together_are_all_recorded_or_none(workshop: Workshop, pricing: str) -> None:
    before = workshop.initiative(pricing)
    edit = Edit("constraints", "floor", rule("floor"), 1)
    with pytest.raises(Refused):
        workshop.apply(pricing, [edit, Add("goals", Goal(id="g", team="brand", metric="nothing"))], ANA)
    assert workshop.initiative(pricing) is before
    both = workshop.apply(pricing, [edit, Add("goals", Goal(id="g", team="brand", metric="margin"))], ANA)
    assert [e.id for e in both] == ["floor", "g"]
    assert len({e.batch for e in workshop.events(pricing, limit=2)}) == 1


def test_a_metric_and_its_goal_can_be_added_in_one_write_in_any_order(workshop: Workshop, pricing: str) -> None:
    goal, metric = Goal(id="g", team="brand", metric="m"), Metric(name="m")
    workshop.apply(pricing, [Add("goals", goal), Add("metrics", metric)], ANA)
    assert workshop.initiative(pricing).goals[-1].metric == "m"


def test_replacing_by_a_file_keeps_what_is_equal_and_removes_what_is_missing(workshop: Workshop, pricing: str) -> None:
    text = INITIATIVE.replace("- {id: ceiling,", "- {id: roof,").replace("[floor, ceiling]", "[floor, roof]")
    text = text.replace("cost * 1.08", "cost * 1.10")
    text = text.replace("- {from: price, to: margin, sign: positive, evidence: experiment}\n", "")
    new, before = read_text(text), workshop.revision(pricing)
    assert workshop.replace(pricing, new, ANA) == 6
    assert dict(workshop.initiative(pricing)) == dict(new)
    assert workshop.initiative(pricing).constraint("floor").status == "agreed"
    did = sorted((e.action, e.kind, e.entity) for e in workshop.events(pricing, since=before))
    assert did == [
        ("added", "constraints", "roof"), ("added", "waivers", "floor-roof-bo"), ("edited", "constraints", "floor"),
        ("removed", "constraints", "ceiling"), ("removed", "links", "price-margin"),
        ("removed", "waivers", "floor-ceiling-bo"),
    ]


def test_replacing_by_another_order_moves_as_few_records_as_possible(workshop: Workshop, pricing: str) -> None:
    constraints = [rule(f"c{i}") for i in range(30)]
    old = Initiative(accord=1, name="many", teams=("operations",), constraints=tuple(constraints))
    new = old.model_copy(update={"constraints": (rule("first"), constraints[7], *constraints[:7], *constraints[8:])})
    id = workshop.create(old, ANA)
    workshop.replace(id, new, ANA)
    assert workshop.initiative(id).constraints == new.constraints
    assert [(e.action, e.entity) for e in workshop.events(id, limit=2)] == [("moved", "c7"), ("added", "first")]


def test_a_taken_slug_gets_a_number(workshop: Workshop, pricing: str, initiative: Initiative) -> None:
    assert [pricing, workshop.create(initiative, ANA), workshop.create(initiative)] == [
        "spring-pricing", "spring-pricing-2", "spring-pricing-3"]


def test_summaries_say_what_each_holds_and_what_happened_last(workshop: Workshop, pricing: str) -> None:
    workshop.create(Initiative(accord=1, name="Other"), ANA)
    workshop.add(pricing, "constraints", rule(), ANA)
    first, second = workshop.initiatives()
    assert (first.id, first.name, first.members, first.last.action, first.last.entity) == (
        pricing, "Spring pricing", 3, "added", "new")
    assert (first.counts["constraints"], first.counts["goals"], first.revision) == (4, 2, workshop.revision(pricing))
    assert (second.name, second.counts["constraints"]) == ("Other", 0)


def test_reading_again_without_a_change_gives_the_same_object(workshop: Workshop, pricing: str) -> None:
    before = workshop.initiative(pricing)
    workshop.comment(pricing, "constraints", "floor", "Hm", BO)
    assert workshop.initiative(pricing) is before


def test_a_hundred_writes_of_four_threads_are_all_there(workshop: Workshop, pricing: str, path: Path) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(25):
                workshop.add(pricing, "constraints", rule(f"c{number}-{i}"), ANA)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    wanted = {f"c{n}-{i}" for n in range(4) for i in range(25)}
    assert wanted <= {c.id for c in workshop.initiative(pricing).constraints}
    workshop.close()
    with Workshop.open(path) as again:
        assert wanted <= {c.id for c in again.initiative(pricing).constraints}
        ids = [e.id for e in again.events(pricing, limit=1000)]
        assert len(ids) == len(set(ids)) == again.revision(pricing)


def test_of_many_edits_from_the_same_version_exactly_one_is_recorded(workshop: Workshop, pricing: str) -> None:
    outcomes: list[str] = []

    def work(number: int) -> None:
        try:
            workshop.edit(pricing, "constraints", "floor", rule("floor", f"price >= {number}"), 1, ANA)
            outcomes.append("recorded")
        except Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["recorded"] + ["stale"] * 7
    assert workshop.versions(pricing, "constraints")["floor"] == 2


def test_listeners_hear_each_write_once_until_they_leave(workshop: Workshop, pricing: str) -> None:
    heard: list[tuple[str, int]] = []

    def fails(*_: object) -> None:
        raise RuntimeError("a listener's own fault")

    workshop.subscribe(fails)
    leave = workshop.subscribe(lambda id, revision: heard.append((id, revision)))
    workshop.add(pricing, "constraints", rule("a"), ANA)
    with pytest.raises(Stale):
        workshop.edit(pricing, "constraints", "a", rule("a", "price > 2"), 7, ANA)
    assert heard == [(pricing, workshop.revision())]
    leave()
    workshop.add(pricing, "constraints", rule("b"), ANA)
    assert len(heard) == 1


def test_every_list_and_single_of_the_file_is_a_kind_of_the_store() -> None:
    head = set(Head.model_fields) - {"keys"}
    assert set(Initiative.model_fields) == set(KINDS) - {"head", "stage"} | head
