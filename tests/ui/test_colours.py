"""What has to be read can be read: contrasts of texts, symbols and grounds, computed."""

import pytest

from ui.colours import DARK, LIGHT, contrast, edge, lifted, mix, text_on
from ui.teams import KNOWN, SPARE_COLOURS, roster

COLOURS = [team.colour for team in KNOWN.values()] + list(SPARE_COLOURS)


def test_contrast_runs_from_one_to_twenty_one():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#0f766e", "#0f766e") == pytest.approx(1)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_a_mix_of_none_and_all_is_one_and_the_other():
    assert (mix("#102030", "#ffffff", 0), mix("#102030", "#ffffff", 1)) == ("#102030", "#ffffff")


@pytest.mark.parametrize("colour", COLOURS)
def test_text_over_a_team_can_be_read(colour):
    assert contrast(text_on(colour), colour) >= 4.5


@pytest.mark.parametrize("share", [k / 10 for k in range(11)])
@pytest.mark.parametrize("ink", [LIGHT, DARK], ids=["light", "dark"])
def test_text_over_every_tint_of_the_matrix_can_be_read(ink, share):
    for hue in (ink.good, ink.bad):
        ground = mix(ink.ground, hue, 0.18 + 0.82 * share)
        assert contrast(text_on(ground), ground) >= 4.5


@pytest.mark.parametrize("ink", [LIGHT, DARK], ids=["light", "dark"])
def test_words_of_figures_can_be_read(ink):
    for ground in (ink.ground, ink.band, ink.bad_soft, mix(ink.ground, ink.bad, 0.12)):
        assert contrast(ink.ink, ground) >= 4.5
    assert min(contrast(text, ink.ground) for text in (ink.muted, ink.good, ink.bad)) >= 4.5
    assert contrast(ink.bad, ink.bad_soft) >= 4.5
    assert min(contrast(ink.on, sign) for sign in (ink.good, ink.bad)) >= 4.5


@pytest.mark.parametrize("colour", COLOURS)
def test_a_team_stands_out_on_a_dark_ground(colour):
    assert contrast(lifted(colour, DARK), DARK.ground) >= 4.5
    assert lifted(colour, LIGHT) == colour


@pytest.mark.parametrize("colour", COLOURS)
def test_a_pale_bar_has_an_edge_that_stands_out(colour):
    line = edge(colour, LIGHT)
    assert contrast(line.get("color", colour), LIGHT.ground) >= 3


def test_teams_keep_their_look_and_others_follow_in_order():
    teams = roster(["operations", "store_ops", "Brand", "risk", "operations"])
    assert list(teams) == ["operations", "store_ops", "Brand", "risk"]
    assert (teams["operations"].symbol, teams["operations"].slot) == ("●", "blue")
    assert teams["Brand"].colour == KNOWN["brand"].colour
    assert teams["store_ops"] == roster(["store_ops"])["store_ops"]
    assert teams["risk"].symbol != teams["store_ops"].symbol


def test_twenty_teams_look_different():
    looks = {(team.symbol, team.colour) for team in roster([f"team {k}" for k in range(20)]).values()}
    assert len(looks) == 20


def test_the_name_of_a_team_cannot_act_in_a_label():
    team = roster(["<b>:red[x]</b>"])["<b>:red[x]</b>"]
    assert "<b>" not in team.chip
    assert ":red[" not in team.tag
