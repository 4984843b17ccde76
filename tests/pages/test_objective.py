"""Objective on a small workshop: what it states, how an objective is written, and how a decision table comes in."""

import subprocess
import sys

import pytest

from alignment.initiative.models import Objective
from alignment.store import Edit
from tests.pages.conftest import ROOT, SHIRTS, opened, problems, texts
from tests.pages.mapped import HEAD, OBJECTIVE, WHOLE, buttons, candidates, headings, mapped

FORMULA, HOW = "objective_formula_{}", "objective_how_{}"


@pytest.fixture
def shirts(home):
    return mapped()


def write(app, how: str, version: int):
    """The form in one of its four shapes; `version` is that of the objective it started from."""
    return next(group for group in app.get("button_group") if group.key == HOW.format(version)).set_value(how).run()


def objective_of(shop) -> Objective | None:
    return shop.store.initiative(shop.id).objective


def test_the_title_is_the_verdict_and_the_second_line_says_about_what(shirts):
    app = shirts.page("objective")
    assert app.title[0].value == "Strong image is pushed the wrong way"
    assert "Misaligned · 2 goals · 1 term · 6 items" in texts(app)


@pytest.mark.parametrize("page", ["objective", "behaviour"])
def test_the_header_knows_the_verdict_as_soon_as_the_page_does(shirts, page):
    assert "objective: misaligned" in texts(shirts.page(page))


def test_each_figure_states_its_finding(shirts):
    app = shirts.page("objective")
    assert headings(app)[:2] == [
        "The objective pushes 60\u00a0% of what the teams want the wrong way",
        "1 of 2 goals is in the objective itself; 1 of 2 effects runs against its goal",
    ]
    assert any(title.startswith("The model captures −") for title in headings(app))


def test_findings_come_gravest_first_with_what_to_do(shirts):
    body = next(e.proto.body for e in shirts.page("objective").get("html") if "ac-findings" in e.proto.body)
    assert body.index("✕ error") < body.index("! warning")
    assert "pushes &#x27;strong-image&#x27;" in body and "→ " in body


def test_every_figure_has_its_table_and_its_csv(shirts):
    app = shirts.page("objective", shirts.ana)
    names = {d.proto.label for d in app.get("download_button")}
    assert {"CSV", "shirt-prices.yaml", "candidates.csv", "shirts.csv"} <= names
    tables = [set(frame.value.columns) for frame in app.dataframe]
    assert any({"goal", "term", "effect", "evidence"} <= t for t in tables)
    assert any({"goal", "margin", "shows after, days"} <= t for t in tables)
    assert any({"severity", "code", "message", "suggestion"} <= t for t in tables)


def test_without_metrics_the_next_step_is_frame(home):
    text = "accord: 1\nname: Bare\nteams: [operations, brand]\n"
    app = opened(text, None).page("objective")
    assert app.title[0].value == "No objective yet"
    assert "none is recorded" in texts(app)


def test_without_goals_there_is_nothing_to_map_to(home):
    text = HEAD[: HEAD.index("goals:")] + "objective: {expression: margin}\n"
    app = opened(text, SHIRTS).page("objective")
    assert app.title[0].value == "No goal yet to map the objective to"
    assert "<b>margin</b>" in texts(app)


def test_without_a_table_the_page_says_that_choices_are_not_measured(home):
    app = opened(HEAD + OBJECTIVE, SHIRTS).page("objective")
    assert "What the model would choose is not measured yet" in headings(app)


def test_a_first_objective_is_written_as_a_formula(home):
    shop = opened(HEAD, SHIRTS)
    app = shop.page("objective", shop.bo)
    app.text_area(key=FORMULA.format(0)).set_value("margin + 2 * image").run()
    app.button(key="record_objective").click().run()
    assert objective_of(shop).expression == "margin + 2 * image"
    assert "Recorded: maximise margin + 2 × image." in texts(app)


def test_a_typo_is_one_sentence_and_the_form_keeps_the_text(shirts):
    app = shirts.page("objective", shirts.ana)
    app.text_area(key=FORMULA.format(1)).set_value("margni * 2").run()
    app.button(key="record_objective").click().run()
    assert "margni" in problems(app)[0] and "margin" in problems(app)[0]
    assert app.text_area(key=FORMULA.format(1)).value == "margni * 2"
    assert objective_of(shirts).expression == "margin"


def test_an_objective_is_pasted_from_a_file(shirts):
    app = write(shirts.page("objective", shirts.ana), "Paste", 1)
    pasted = "objective:\n  sense: minimise\n  terms:\n  - {metric: margin, coefficient: -0.5}\n"
    app.text_area(key="objective_paste_1").set_value(pasted).run()
    app.button(key="record_objective").click().run()
    assert objective_of(shirts).sense == "minimise"
    assert str(objective_of(shirts).terms[0].coefficient) == "-0.5"


def test_a_score_is_a_column_of_numbers_of_the_table(shirts):
    app = write(shirts.page("objective", shirts.ana), "Score", 1)
    pick = app.selectbox(key="objective_score_1")
    assert "sku" not in pick.options
    pick.set_value("image").run()
    app.button(key="record_objective").click().run()
    assert objective_of(shirts).score == "image"


def test_what_somebody_else_records_meanwhile_stands_beside_ones_own_words(shirts):
    app = shirts.page("objective", shirts.ana)
    app.text_area(key=FORMULA.format(1)).set_value("margin * 3").run()
    theirs = Objective(expression="margin + image")
    shirts.store.apply(shirts.id, [Edit("objective", "objective", theirs, 1)], shirts.bo.actor)
    app.run()
    assert "Bo recorded another objective while you were writing: maximise margin + image" in problems(app)[0]
    assert app.text_area(key=FORMULA.format(1)).value == "margin * 3"
    app.button(key="objective_keep").click().run()
    app.button(key="record_objective").click().run()
    assert objective_of(shirts).expression == "margin * 3"


def test_the_other_persons_objective_can_be_taken(shirts):
    app = shirts.page("objective", shirts.ana)
    app.text_area(key=FORMULA.format(1)).set_value("margin * 3").run()
    theirs = Objective(expression="margin + image")
    shirts.store.apply(shirts.id, [Edit("objective", "objective", theirs, 1)], shirts.bo.actor)
    app.run().button(key="objective_take").click().run()
    assert app.text_area(key=FORMULA.format(2)).value == "margin + image"


def test_another_change_reaches_a_form_that_nobody_touched(shirts):
    app = shirts.page("objective", shirts.ana)
    theirs = Objective(expression="margin + image")
    shirts.store.apply(shirts.id, [Edit("objective", "objective", theirs, 1)], shirts.bo.actor)
    app.run()
    assert not problems(app)
    assert app.text_area(key=FORMULA.format(2)).value == "margin + image"


def test_the_last_change_is_taken_back(shirts):
    shirts.store.apply(shirts.id, [Edit("objective", "objective", Objective(expression="image"), 1)], shirts.bo.actor)
    shirts.page("objective", shirts.bo).button(key="undo_objective").click().run()
    assert objective_of(shirts).expression == "margin"


def test_a_visitor_reads_and_cannot_write(shirts):
    app = shirts.page("objective")
    assert "You are reading. Join to write the objective." in texts(app)
    assert not buttons(app, "Record the objective")


def upload(app, name: str, data: str):
    app.file_uploader[0].set_value((name, data.encode(), "text/csv"))
    return app.run()


def test_a_decision_table_is_measured_on_at_once(home):
    shop = opened(HEAD + OBJECTIVE, SHIRTS)
    app = upload(shop.page("objective", shop.bo), "candidates.csv", candidates())
    assert app.selectbox(key="decisions_item_candidates.csv").value == "sku"
    app.selectbox(key="decisions_today_candidates.csv").set_value("is_today").run()
    app.button(key="use_decisions").click().run()
    assert not problems(app)
    assert shop.store.data_file(shop.id, "decisions").rows == 18
    assert shop.store.initiative(shop.id).decisions.status_quo == "is_today"
    assert "candidates.csv is the decision table now: 18 rows." in texts(app)
    assert any(title.startswith("The model captures") for title in headings(app))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("sku,price\nA\n", "candidates.csv"),
        ("sku,price,margin,image\nZZ,1,2,3\n", "not in the catalogue"),
        ("sku,cost_of_it,margin,image\nA,1,2,3\n", "the lever &#x27;price&#x27; is not a column"),
        ("sku,price,image\nA,1,2\n", "&#x27;margin&#x27; is not a name that can stand here"),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence_and_nothing_is_recorded(home, table, said):
    shop = opened(HEAD + OBJECTIVE, SHIRTS)
    app = upload(shop.page("objective", shop.ana), "candidates.csv", table)
    if any(button.key == "use_decisions" for button in app.button):
        app.button(key="use_decisions").click().run()
    assert len(problems(app)) == 1 and said in problems(app)[0]
    assert shop.store.data_file(shop.id, "decisions") is None
    assert shop.store.initiative(shop.id).decisions is None


def test_a_table_that_lacks_a_column_leaves_the_structure_standing(home):
    shop = mapped(WHOLE.replace("expression: margin", "expression: margin + image * loyalty").replace(
        "metrics: [", "metrics: [{name: loyalty}, "
    ))  # fmt: skip
    app = shop.page("objective")
    assert "loyalty" in problems(app)[0]
    assert any("of the objective" in title or "in the objective" in title for title in headings(app))


def test_the_python_on_the_page_gives_its_numbers(shirts, tmp_path):
    app = shirts.page("objective")
    folder = tmp_path / "notebook"
    folder.mkdir()
    (folder / "shirts.csv").write_text(SHIRTS)
    (folder / "candidates.csv").write_text(candidates())
    from alignment.initiative.writing import to_yaml

    (folder / "shirt-prices.yaml").write_text(to_yaml(shirts.store.initiative(shirts.id)))
    code = next(c.value for c in app.code)
    done = subprocess.run(
        [sys.executable, "-c", code + "\nprint(report.content_hash)"], cwd=folder, env={"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("misaligned\n")
    hashed = done.stdout.splitlines()[-1]
    assert f"Content hash {hashed}" in texts(app)
