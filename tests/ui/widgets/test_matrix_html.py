"""The matrix links each pair that clashes, says what is proved, and stays readable with thirty rules."""

import re

from ui.figures.subjects import Rule
from ui.teams import roster
from ui.widgets.matrix import codes, drawn, matrix

TEAMS = roster(["operations", "brand", "tech", "finance"])
RULES = [
    Rule("margin", "Margin floor", "finance"),
    Rule("cap", "Change cap", "operations"),
    Rule("floor", "European floor", "brand"),
    Rule("steps", "$50 steps", "tech"),
]


def clash(k, *rules, items=10, **more):
    return {"id": f"c{k}", "constraints": sorted(rules), "items": items} | more


def cells(html: str) -> list[str]:
    return re.findall(r"<td(?: class=\"void\")?.*?</td>", html)


def test_rules_stand_by_team_in_the_order_of_the_teams():
    text = matrix(RULES, [], TEAMS)
    assert [text.index(f"> {code} <") for code in ()] == []
    assert re.findall(r'<th scope="row" title="([^"]+)"', text) == ["European floor", "$50 steps", "Margin floor"]


def test_the_triangle_has_one_cell_for_each_pair():
    text = matrix(RULES, [], TEAMS)
    assert text.count("proved free of conflict</span>") == 1
    assert text.count("·</td>") == 6


def test_a_conflict_of_two_is_a_link_to_its_card_with_the_number_of_items():
    text = matrix(RULES, [clash(1, "margin", "cap", items=1975)], TEAMS)
    assert (
        '<td class="hit"><a href="#conflict-1" title="Margin floor and Change cap: 1,975 items">1,975</a></td>' in text
    )
    assert text.count("·</td>") == 5


def test_a_waived_conflict_is_shown_as_such():
    text = matrix(RULES, [clash(1, "margin", "cap", waived_until="2026-12-31")], TEAMS)
    assert 'class="waived"' in text and 'class="hit"' not in text


def test_a_pair_that_could_not_be_proved_is_hatched_and_read_out():
    text = matrix(RULES, [], TEAMS, not_proved=["steps"])
    assert text.count('<td class="open"') == 3
    assert text.count("not proved</span>") == 3


def test_conflicts_that_are_no_pair_are_counted_below():
    text = matrix(RULES, [clash(1, "margin", "cap", "steps"), clash(2, "steps")], TEAMS)
    assert "One conflict of three rules or more has only a card below." in text
    assert "One rule contradicts the allowed range alone." in text


def test_of_thirty_rules_only_those_that_clash_are_drawn():
    rules = [Rule(f"r{k}", f"Rule {k}", list(TEAMS)[k % 4]) for k in range(30)]
    text = matrix(rules, [clash(1, "r0", "r1"), clash(2, "r2", "r1")], TEAMS)
    assert len(re.findall('scope="row"', text)) == 2
    assert "27 rules are in no pair that clashes: Rule 4, " in text
    assert "and 21 more." in text


def test_one_rule_or_none_needs_no_matrix():
    assert "<table" not in matrix(RULES[:1], [], TEAMS)
    assert "One rule alone has no other to contradict" in matrix(RULES[:1], [], TEAMS)
    assert "<table" not in matrix([], [], TEAMS)


def test_codes_tell_teams_apart_that_begin_alike():
    teams = roster(["brand", "brands", "tech"])
    rules = [Rule("a", "", "brand"), Rule("b", "", "brands"), Rule("c", "", "brand"), Rule("d", "", "tech")]
    assert codes(rules, teams) == {"a": "B1", "b": "BR1", "c": "B2", "d": "T1"}


def test_names_cannot_act_as_markup():
    rules = [Rule("x", '<img src=x onerror="y">', "brand"), RULES[0]]
    text = matrix(rules, [clash(1, "x", "margin")], TEAMS)
    assert "<img" not in text and 'onerror="' not in text


def test_rules_that_get_a_row_are_those_that_clash_once_there_are_many():
    many = [Rule(f"r{k}", f"Rule {k}", "brand") for k in range(15)]
    clashes = [clash(1, "r3", "r4"), clash(2, "r5", "r6", "r7")]
    assert [rule.id for rule in drawn(many, clashes, ["r9"])] == ["r3", "r4", "r9"]
    assert drawn(many[:14], clashes, []) == many[:14]


def test_a_name_that_is_cut_at_the_end_of_a_sentence_takes_no_second_stop():
    long = Rule("long", "List steps as agreed with the regional councils in spring", "tech")
    many = [long, *(Rule(f"r{k}", f"Rule {k}", "brand") for k in range(15))]
    clashes = [clash(k, f"r{k}", f"r{k + 1}") for k in range(14)]
    text = matrix(many, clashes, TEAMS)
    assert "regional…</p>" in text and "…." not in text
