"""The widgets on a page of Streamlit: figure with its table, notes, header."""

from streamlit.testing.v1 import AppTest


def page(script) -> AppTest:
    app = AppTest.from_function(script).run(timeout=20)
    assert not app.exception
    return app


def test_a_figure_stands_under_its_finding_with_its_table():
    def script():
        import pandas as pd

        from ui.colours import LIGHT
        from ui.figures.behaviour import strip
        from ui.figures.drawing import Look
        from ui.teams import roster
        from ui.widgets.figure import figure

        captured = {"model": 0.5, "low": 0.4, "high": 0.6, "random": 0.1, "reason": None}
        fig = strip({"items": 10, "captured": captured}, Look(LIGHT, roster([])))
        figure(fig, "captured", pd.DataFrame({"share": [0.5]}))

    app = page(script)
    assert "<h3>The model captures 50\u00a0% of the achievable value" in app.get("html")[0].proto.body
    chart = app.get("plotly_chart")[0].proto
    assert "Captured share 50\u00a0%" in chart.alt
    assert list(app.dataframe[0].value["share"]) == [0.5]
    assert app.get("download_button")[0].proto.label == "CSV"


def test_a_long_table_shows_five_hundred_rows_and_says_how_many_there_are():
    def script():
        import pandas as pd

        from ui.widgets.tables import long_table

        long_table(pd.DataFrame({"n": range(10_000)}), "many", one="item")
        long_table(pd.DataFrame({"n": []}), "none", one="item")

    app = page(script)
    assert len(app.dataframe[0].value) == 500
    assert [c.value for c in app.caption] == ["The first 500 of 10,000 items; the CSV has all.", "No item to show."]


def test_notes_and_chips_show_names_as_they_are():
    def script():
        from ui.header import Head, header
        from ui.widgets.chips import Chip
        from ui.widgets.notes import empty, notice, problem

        header(Head("<i>List</i> pricing", "Record", [("Ada B", "brand")], [Chip("conflict", "3 conflicts")], "14:10"))
        empty("No *rule* yet", "Rules are recorded here.")
        problem("<b>cots</b> is not a column")
        notice("Recorded")

    app = page(script)
    bodies = [element.proto.body for element in app.get("html")]
    assert any("&lt;i&gt;List&lt;/i&gt; pricing" in body for body in bodies)
    assert any('role="alert"' in body and "&lt;b&gt;cots&lt;/b&gt;" in body for body in bodies)
    assert app.title[0].value == "No \\*rule\\* yet"
    assert any("red-badge" in m.value and "3 conflicts" in m.value for m in app.markdown)
