"""Imports go one way: app, pages, ui, alignment; inside alignment from what is shown down to what was recorded."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = {"app": 3, "pages": 2, "ui": 1, "alignment": 0}
DOMAIN = {
    "cli": 4, "validation": 3, "exports": 3, "explain": 3, "conflicts": 2, "objective": 2, "practice": 2, "rules": 1,
    "catalogue": 1, "initiative": 0, "templates": 0,
}  # fmt: skip
GROUND = {"errors", "words"}  # what everyone may use, and what uses nothing
STORE_KNOWS = {"store", "initiative", *GROUND}
RAISED = {"alignment/conflicts/checking.py": "explain"}  # where a report gets its sentences
FREE = {"alignment/__init__.py", "alignment/__main__.py"}  # the public door and the command's entry


def modules(*folders: str) -> list[str]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path.relative_to(ROOT).as_posix() for path in found]


def imports(text: str, package: list[str]) -> Iterator[str]:
    """Dotted names that a module's text imports, wherever in it; relative ones made absolute."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from (f"{module}.{name.name}" for name in node.names)


def imported(module: str) -> list[list[str]]:
    text = (ROOT / module).read_text(encoding="utf-8")
    return [name.split(".") for name in imports(text, module.split("/")[:-1])]


def house_breaches(layer: str, names: list[list[str]]) -> list[str]:
    return [".".join(n) for n in names if n[0] in HOUSE and HOUSE[n[0]] > HOUSE[layer]]


def domain_breaches(layer: str, names: list[list[str]]) -> list[str]:
    """What a package of alignment may not import but does: what lies above it, and the public door unless it is cli."""
    breaches = []
    for name in names:
        if name[0] != "alignment":
            continue
        target = name[1] if len(name) > 1 else ""
        if layer == "store":
            allowed = target in STORE_KNOWS
        elif target in GROUND or layer == "cli":
            allowed = target != "store"
        else:
            allowed = target in DOMAIN and DOMAIN[target] <= DOMAIN.get(layer, -1)
        if not allowed:
            breaches.append(".".join(name))
    return breaches


@pytest.mark.parametrize("module", ["app.py", *modules("pages", "ui", "alignment")])
def test_app_pages_ui_alignment_import_downwards_only(module):
    layer = module.split("/")[0].removesuffix(".py")
    assert house_breaches(layer, imported(module)) == []


@pytest.mark.parametrize("module", sorted(set(modules("alignment")) - FREE))
def test_packages_of_the_domain_import_downwards_only(module):
    layer = RAISED.get(module, module.split("/")[1].removesuffix(".py"))
    assert layer in {*DOMAIN, *GROUND, "store"}, f"{module} has no place in the order of layers"
    assert domain_breaches(layer, imported(module)) == []


@pytest.mark.parametrize("module", modules("alignment"))
def test_the_domain_knows_neither_streamlit_nor_plotly(module):
    assert {name[0] for name in imported(module)}.isdisjoint({"streamlit", "plotly"})


@pytest.mark.parametrize("module", modules("ui/figures"))
def test_figures_know_nothing_of_streamlit(module):
    assert "streamlit" not in {name[0] for name in imported(module)}


@pytest.mark.parametrize(("layer", "text", "breach"), [
    ("ui", "import pages.home", "pages.home"),
    ("alignment", "from ui.words import number", "ui.words.number"),
    ("alignment", "def f():\n    import app", "app"),
])  # fmt: skip
def test_an_arrow_between_the_floors_that_points_back_is_found(layer, text, breach):
    assert house_breaches(layer, [n.split(".") for n in imports(text, [layer])]) == [breach]


@pytest.mark.parametrize(("layer", "text", "breach"), [
    ("initiative", "from alignment.rules import parse", "alignment.rules.parse"),
    ("rules", "from ..conflicts.report import Conflict", "alignment.conflicts.report.Conflict"),
    ("rules", "def f():\n    from alignment import check", "alignment.check"),
    ("store", "from alignment.rules.parse import parse_rule", "alignment.rules.parse.parse_rule"),
    ("conflicts", "from alignment.store import Workshop", "alignment.store.Workshop"),
    ("exports", "import alignment", "alignment"),
])  # fmt: skip
def test_an_arrow_within_the_domain_that_points_back_is_found(layer, text, breach):
    assert domain_breaches(layer, [n.split(".") for n in imports(text, ["alignment", layer])]) == [breach]


@pytest.mark.parametrize(("layer", "text"), [
    ("cli", "import alignment\nfrom alignment.exports import export"),
    ("conflicts", "from alignment.rules.parse import parse_rule\nfrom ..errors import AccordError"),
    ("store", "from alignment.initiative.models import Initiative"),
])  # fmt: skip
def test_arrows_that_point_down_are_let_through(layer, text):
    assert domain_breaches(layer, [n.split(".") for n in imports(text, ["alignment", layer])]) == []
