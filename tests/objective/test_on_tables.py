"""What only a decision table can tell: measured and estimated terms, hidden ranges, harmed segments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow
import pytest

from alignment.errors import DataError, RuleError, UsageError
from alignment.initiative.models import Initiative
from alignment.initiative.writing import to_yaml
from alignment.objective.mapping import map_objective, remap
from tests.data.tied import SAMPLE, tied_sample

METRICS = [{"name": m} for m in ("a", "b", "c")]
GOALS = [
    {"id": "g", "team": "ops", "metric": "a", "weight": 1},
    {"id": "h", "team": "brand", "metric": "b", "weight": 1},
]


def initiative(objective, **more):
    return Initiative.model_validate({
        "accord": 1, "id": "x", "teams": ["ops", "brand"], "levers": [{"name": "price"}], 
        "metrics": METRICS, "goals": GOALS,
        "objective": objective, "decisions": {"source": "d.csv", "item": "sku", "status_quo": "today"},
    } | more)  # fmt: skip


def table(items=60, seed=0, **columns):
    """Five prices per item; a rises and b falls with the price unless given otherwise."""
    rng = np.random.default_rng(seed)
    sku, price = np.repeat(np.arange(items), 5), np.tile(np.arange(1.0, 6.0), items)
    given = {
        "a": price + rng.normal(0, 0.1, len(sku)),
        "b": -price + rng.normal(0, 0.1, len(sku)),
        "c": rng.normal(size=len(sku)),
    }
    return pd.DataFrame({"sku": sku, "price": price, **given, "today": price == 3} | columns)


def finding(report, code):
    return next((f for f in report.findings if f.code == code), None)


def test_the_slope_of_a_product_is_its_mean_derivative():
    frame = table()
    report = map_objective(initiative({"expression": "a * a + 3 * c"}), frame)
    terms = {t.metric: t for t in report.terms}
    assert terms["a"].coefficient == pytest.approx(2 * frame.a.mean(), rel=1e-6)
    assert terms["c"].coefficient == pytest.approx(3, rel=1e-6)
    assert not terms["a"].mixed


def test_a_slope_that_changes_its_sign_is_mixed():
    report = map_objective(initiative({"expression": "c * c", "sense": "minimise"}), table())
    assert report.terms[0].mixed


def test_a_score_shows_the_metrics_that_explain_it():
    frame = table(items=400)
    noise = np.random.default_rng(9).normal(size=len(frame))
    report = map_objective(
        initiative({"score": "s"}), frame.assign(s=100 * frame.sku + 2 * frame.a - 3 * frame.c + 0.5 * noise)
    )
    terms = {t.metric: t for t in report.terms}
    assert terms["c"].coefficient == pytest.approx(-3, abs=4 * terms["c"].se)
    assert all(t.estimated and abs(t.coefficient) > 2 * t.se for t in report.terms)


def test_the_estimates_of_a_score_are_ordinary_least_squares():
    frame = table(items=50, a=np.random.default_rng(4).normal(size=250), b=np.random.default_rng(5).normal(size=250))
    frame["s"] = frame.a - 2 * frame.b + np.random.default_rng(6).normal(size=250)
    columns = frame.groupby("sku")[["a", "b", "c", "s"]].transform(lambda x: x - x.mean()).to_numpy()
    x, y = columns[:, :3], columns[:, 3]
    found, *_ = np.linalg.lstsq(x, y, rcond=None)
    errors = np.sqrt(((y - x @ found) ** 2).sum() / (250 - 50 - 3) * np.diag(np.linalg.inv(x.T @ x)))
    terms = {t.metric: t for t in map_objective(initiative({"score": "s"}), frame).terms}
    expected = {m: (a, e) for m, a, e in zip("abc", found, errors, strict=True) if abs(a) > 2 * e}
    assert set(terms) == set(expected)
    for metric, (a, error) in expected.items():
        assert terms[metric].coefficient == pytest.approx(a, rel=1e-9) and terms[metric].se == pytest.approx(
            error, rel=1e-9
        )


def test_revealed_weights_are_non_negative_least_squares():
    from scipy.optimize import nnls

    frame = table(a=np.random.default_rng(1).normal(size=300), b=np.random.default_rng(2).normal(size=300))
    report = map_objective(initiative({"expression": "a + 0.2 * b + c"}), frame)
    grouped = frame.assign(o=frame.a + 0.2 * frame.b + frame.c).groupby("sku")
    swings = [(grouped[m].max() - grouped[m].min()).sum() for m in "ab"]
    centred = {m: grouped[m].transform(lambda x: x - x.mean()) for m in "abo"}
    found, rest = nnls(np.stack([centred[m] / r for m, r in zip("ab", swings, strict=True)], axis=1), centred["o"])
    revealed = report.behaviour.revealed_weights
    assert [r.revealed for r in revealed] == pytest.approx(list(found / found.sum()), abs=1e-9)
    assert report.behaviour.revealed_fit == pytest.approx(1 - rest**2 / (centred["o"] ** 2).sum(), abs=1e-9)


def test_a_model_that_always_takes_the_highest_price_meets_a_hidden_range():
    found = finding(map_objective(initiative({"expression": "a"}), table()), "edge_of_range")
    assert found.severity == "warning" and found.evidence["share"] > 0.9


@pytest.mark.parametrize(
    "more",
    [
        {"constraints": [{"id": "c", "team": "ops", "rule": "price <= 5.5"}]},
        {"levers": [{"name": "price", "maximum": 5}]},
        {"levers": [{"name": "price", "values": [1, 2, 3, 4, 5]}]},
    ],
)
def test_a_range_that_a_rule_or_the_domain_explains_is_not_hidden(more):
    assert finding(map_objective(initiative({"expression": "a"}, **more), table()), "edge_of_range") is None


def test_a_choice_inside_the_range_is_no_edge():
    frame = table()
    frame["a"] = -((frame.price - 3) ** 2)
    assert finding(map_objective(initiative({"expression": "a"}), frame), "edge_of_range") is None


def test_an_objective_that_follows_one_team_is_named():
    frame = table(a=np.random.default_rng(1).normal(size=300), b=np.random.default_rng(2).normal(size=300))
    found = finding(map_objective(initiative({"expression": "a"}), frame), "one_team")
    assert found.teams == ("ops",) and found.evidence["stated"] == 0.5 and found.evidence["revealed"] > 0.8


def test_a_segment_that_loses_is_found_among_all_that_were_looked_at():
    frame = table(items=200)
    catalogue = pd.DataFrame(
        {"sku": np.arange(200), "kind": np.where(np.arange(200) < 40, "old", "new"), "many": np.arange(200)}
    )
    frame["a"] = np.where(frame.sku < 40, -frame.price, 3 * frame.price)
    frame["s"] = frame.price
    goals = [GOALS[0]]
    built = initiative({"score": "s"}, goals=goals, catalogue={"source": "c.csv", "key": "sku"})
    found = finding(map_objective(built, frame, catalogue), "harmed_segment")
    assert found.subjects == ("kind = old",) and found.evidence["segments_looked_at"] == 2
    assert found.evidence["captured"] == -1 and found.evidence["items"] == 40


def test_frames_tables_and_files_give_the_same(tmp_path):
    frame = table()
    frame.to_parquet(tmp_path / "d.parquet", index=False)
    frame.to_csv(tmp_path / "d.csv", index=False)
    built = initiative({"expression": "a + c"})
    sources = [
        frame,
        frame.iloc[::-1].set_index(np.zeros(len(frame))),
        pyarrow.Table.from_pandas(frame),
        tmp_path / "d.parquet",
    ]
    sources += [tmp_path / "d.csv", str(tmp_path / "d.csv")]
    found = [map_objective(built, source).behaviour.captured for source in sources]
    for other in found[1:]:
        assert other.model == pytest.approx(found[0].model, rel=1e-9) and other.low == pytest.approx(
            found[0].low, rel=1e-9
        )


def test_polars_frames_are_read():
    polars = pytest.importorskip("polars")
    built, frame = initiative({"expression": "a + c"}), table()
    assert map_objective(built, polars.from_pandas(frame)).behaviour == map_objective(built, frame).behaviour


def test_a_file_is_mapped_by_its_path(tmp_path):
    table().to_csv(tmp_path / "d.csv", index=False)
    (tmp_path / "x.yaml").write_text(to_yaml(initiative({"expression": "a"})))
    one, two = map_objective(tmp_path / "x.yaml"), map_objective(str(tmp_path / "x.yaml"))
    assert one.behaviour is not None and one == two
    assert one.content_hash.startswith("sha256:")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda f: f.drop(columns="price"), DataError, "the lever 'price' is not a column"),
        (lambda f: f.drop(columns="sku"), DataError, "there is no column 'sku', named as its item"),
        (lambda f: f.rename(columns={"c": "d"}), RuleError, "'c' is not a name that can stand here"),
        (lambda f: f.iloc[:0], DataError, "there are no rows"),
        (lambda f: f.assign(today="yes"), DataError, "'today' does not mark rows"),
        (lambda f: f.assign(a="much"), DataError, "'a' is not a column of numbers"),
        (lambda f: f.assign(sku=None), DataError, "have no 'sku'"),
        (lambda f: "missing.parquet", DataError, "there is no such file"),
    ],
)
def test_bad_tables_get_one_sentence(change, error, said):
    with pytest.raises(error, match=said):
        map_objective(initiative({"expression": "a + c"}), change(table()))


def test_a_weight_for_a_goal_that_does_not_exist_is_refused():
    report = map_objective(initiative({"expression": "a"}), table())
    with pytest.raises(UsageError, match="'gg' is not a goal; did you mean 'g'"):
        remap(report.prepared, {"gg": 1})
    with pytest.raises(UsageError, match="a weight is a number from 0 up"):
        remap(report.prepared, {"g": -1})


def test_the_sample_is_mapped_and_every_share_adds_up():
    report = map_objective(SAMPLE)
    adds_up(report.behaviour)
    assert report.verdict in ("misaligned", "partly")
    assert report.behaviour.captured.low < report.behaviour.captured.model < report.behaviour.captured.high
    assert report == map_objective(SAMPLE)


def test_rules_that_tie_items_together_take_part_on_real_data():
    behaviour = map_objective(tied_sample()).behaviour
    adds_up(behaviour)
    assert behaviour.captured.model == pytest.approx(0.7277016877, abs=1e-9)  # so says scipy.optimize.milp, too
    assert behaviour.coupled.applied == ("line-margin-rate", "change-budget") and behaviour.coupled.gap == 0
    assert set(behaviour.not_applied_because) == {"average-index"} == set(behaviour.constraints_not_applied)


def adds_up(behaviour):
    lost = 1 - behaviour.captured.model
    assert sum(r.share for r in behaviour.regret) == pytest.approx(lost, abs=1e-9)
    assert sum(t.regret_share for t in behaviour.teams) == pytest.approx(lost, abs=1e-9)
    assert all(g.price >= 0 for g in behaviour.guardrails)
