"""The settings of the app: the theme agrees with the teams, files are local, the server is set for a workshop."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ui.colours import DARK, LIGHT, contrast, mix
from ui.teams import KNOWN

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
THEMES = {"light": CONFIG["theme"]["light"], "dark": CONFIG["theme"]["dark"]}


def test_the_server_is_set_for_a_workshop():
    assert CONFIG["runner"] == {"postScriptGC": False, "magicEnabled": False}
    assert CONFIG["server"]["disconnectedSessionTTL"] > 120
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_markdown_colours_are_those_of_the_teams(theme):
    for team in KNOWN.values():
        if team.slot:
            assert theme[f"{team.slot}Color"] == team.colour


@pytest.mark.parametrize(("theme", "ink"), [(THEMES["light"], LIGHT), (THEMES["dark"], DARK)], ids=THEMES)
def test_figures_stand_on_the_ground_of_the_page(theme, ink):
    assert (theme["backgroundColor"], theme["textColor"]) == (ink.ground, ink.ink)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_words_of_the_page_can_be_read(theme):
    ground, grey, text = theme["backgroundColor"], theme["secondaryBackgroundColor"], theme["textColor"]
    assert min(contrast(text, ground), contrast(theme["linkColor"], ground)) >= 4.5
    assert min(contrast(mix(base, text, 0.6), base) for base in (ground, grey)) >= 4.5
    assert contrast("#ffffff", theme["primaryColor"]) >= 4.5
    for chip in ("red", "gray", "yellow"):
        assert contrast(theme[f"{chip}TextColor"], theme[f"{chip}BackgroundColor"]) >= 4.5


def test_every_font_is_a_file_of_the_app_with_its_licence():
    faces = CONFIG["theme"]["fontFaces"]
    static = ROOT / "ui/static"
    assert {face["family"] for face in faces} == {"Inter"}
    for face in faces:
        assert (static / face["url"].removeprefix("app/static/")).is_file()
    assert "SIL OPEN FONT LICENSE" in (static / "inter-OFL.txt").read_text().upper()


def test_every_symbol_of_a_team_is_in_the_face_of_symbols():
    from ui.teams import SPARE_SYMBOLS

    ranges = CONFIG["theme"]["fontFaces"][2]["unicodeRange"]
    codes = set()
    for part in ranges.replace("U+", "").split(", "):
        low, _, high = part.partition("-")
        codes |= set(range(int(low, 16), int(high or low, 16) + 1))
    wanted = [team.symbol for team in KNOWN.values()] + list(SPARE_SYMBOLS) + list("✓✕→◂▸○∞≥≤")
    assert {ord(symbol) for symbol in wanted} <= codes


def test_nothing_of_the_style_or_theme_is_fetched_from_elsewhere():
    for file in [ROOT / ".streamlit/config.toml", *(ROOT / "ui").rglob("*.css"), *(ROOT / "ui").rglob("*.svg")]:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text, file


def test_figures_know_nothing_of_streamlit():
    modules = [f"ui.figures.{p.stem}" for p in (ROOT / "ui/figures").glob("*.py") if p.stem != "__init__"]
    code = f"import {', '.join(modules)}, sys; assert 'streamlit' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
