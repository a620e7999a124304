"""`assess`, from the typed words to the files: a member planted as the truth, a truth no member knows, and mistakes.

No number here was ever observed: all come from members of the ensemble, and say so in their source column.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from typer.testing import CliRunner

import run_scenarios
from analysis.assessment import charts as assessment_figures
from analysis.assessment import command as assess_command
from analysis.assessment import study as assessment_study
from analysis.assessment.memory import read_assessments
from analysis.assessment.observations import read_newer_observations, read_stored_forecast
from analysis.assessment.tables import DATA_FILE, FILES
from analysis.outcome.words import LANGUAGES
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from calibration.fit.forecast import simulate
from model.definition import model_hash, variables_by_name
from tests.support.city import city
from tests.support.result_listing import names_of_results

SERIES = ("residents", "registered urbanization rate")
SYNTHETIC = "SYNTHETIC: a member of the ensemble"
#: Where the planted member lies among the others, so that the weights have a way to go.
PLACE = 0.75


@pytest.fixture(scope="module")
def simulated():
    """Every member over the forecast years, as the stored forecast was made from them."""
    return simulate(city(), read_members(evidence=Evidence.TO_2020))


@pytest.fixture(scope="module")
def truth(simulated):
    """Number of the member that is planted as the truth."""
    rate = simulated["registered urbanization rate"].sel(time=2022).to_numpy()
    return int(np.argsort(rate)[int(PLACE * rate.size)])


def write_synthetic(path, simulated, member, factor=1.0):
    rows = [
        (name, year, factor * float(simulated[name].sel(time=year)[member]), simulated[name].attrs["units"], SYNTHETIC)
        for name in SERIES
        for year in (2021, 2022)
    ]
    table = pd.DataFrame(rows, columns=["variable", "year", "value", "unit", "source"])
    table.to_csv(path, index=False)
    return path


def call(*words: object):
    """Call the command; what it remembers lies beside the folder of its results."""
    memory = Path(str(words[words.index("--out") + 1])).parent / "memory" if "--out" in words else "none"
    asked = ["assess", "--full", "--language", "en", "--evidence", "2020"]
    arguments = [*asked, "--memory", str(memory), *map(str, words)]
    return CliRunner().invoke(run_scenarios.app, arguments, env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def planted(simulated, truth, tmp_path_factory):
    """What the command says and writes when a member is the truth."""
    folder = tmp_path_factory.mktemp("assess")
    newer = write_synthetic(folder / "newer.csv", simulated, truth)
    outcome = call("--observations", newer, "--out", folder / "out")
    assert outcome.exit_code == 0, outcome.output
    return outcome, folder / "out", newer


def test_everything_is_written_with_its_manifest_and_nothing_half(planted):
    _, out, newer = planted
    assert names_of_results(out) == {*FILES, "figures"}
    charts = {path.name for path in (out / "figures").iterdir()}
    assert charts == {f"assessment_{language}.png" for language in LANGUAGES}
    with xr.open_dataset(out / DATA_FILE) as data:
        assert data.attrs["model_hash"] == model_hash()
        assert data.attrs["observations_file"] == newer.name
        assert len(data.attrs["observations_hash"]) == 12
        with xr.open_dataset(Evidence.TO_2020.posterior) as posterior:
            assert data.sizes["member"] == posterior.sizes["member"]
            assert data.attrs["seed"] == posterior.attrs["seed"]


def test_the_weights_move_the_forecast_towards_the_planted_member(planted, simulated, truth):
    weights = pd.read_csv(planted[1] / "weights.csv")["weight"].to_numpy()
    rate = simulated["registered urbanization rate"].sel(time=2022).to_numpy()
    assert weights.sum() == pytest.approx(1.0)
    assert abs(weights @ rate - rate[truth]) < 0.6 * abs(rate.mean() - rate[truth])
    scores = pd.read_csv(planted[1] / "scores.csv").set_index("variable")
    assert set(scores.index) == {*SERIES, "all"}
    assert scores.loc["all", "coverage_90"] == 1.0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_series_of_a_forecast_has_a_unit_on_its_chart(language):
    for name in read_stored_forecast(Evidence.TO_2023.forecast)["variable"].unique():
        unit, size = assessment_figures.axis_unit(variables_by_name()[name], language)
        assert unit
        assert size > 0


def test_an_assessment_is_remembered_and_the_next_one_tells_of_it(planted):
    outcome, out, _ = planted
    assert "No earlier assessment of this scenario is kept; this is the first." in outcome.stdout
    kept = read_assessments(out.parent / "memory")
    made = pd.read_csv(out / "targets.csv")
    pd.testing.assert_frame_equal(
        kept[["target", "probability_before", "course"]], made[["target", "probability_before", "course"]]
    )
    assert set(kept["data_to"]) == {2022}
    assert set(kept["evidence"]) == {2020}


def test_scores_verdict_and_targets_are_printed(planted):
    said = planted[0].stdout
    for part in ("CRPS", "50/80/90 %", "MASE", "registered urbanization rate"):
        assert part in said
    # What was observed comes first, then the series one by one, then one verdict, then the rest.
    places = [said.index(part) for part in ("Observed against forecast", "judged one by one", "Verdict:")]
    assert places == sorted(places)
    assert "Verdict: the forecast agrees with 2 of 2 series. The ensemble is updated from 2 series." in said
    assert "members are re-weighted: their effective sample size is" in said
    # Among the tables, and where the screen ends.
    assert said.count("Verdict:") == 2
    modelled = len(pd.read_csv(planted[1] / "targets.csv"))
    assert f"Of {modelled} targets that the model computes" in said


def test_a_truth_that_no_member_knows_asks_for_recalibration_and_gives_no_probability(
    planted, simulated, truth, tmp_path, monkeypatch
):
    # The members' courses are those of the fixture, whoever works them out.
    monkeypatch.setattr(assessment_study, "simulate", lambda *_, **__: simulated)
    newer = write_synthetic(tmp_path / "newer.csv", simulated, truth, factor=0.85)
    outcome = call("--observations", newer, "--out", planted[1], "--with", SERIES[0], "--with", SERIES[1])
    assert outcome.exit_code == 0, outcome.output
    assert f"Will replace in {planted[1]}, when done:" in outcome.stdout.replace("\n", " ").replace("  ", " ")
    assert "Recalibration is needed." in outcome.stdout
    assert "Earlier assessments of this scenario that are kept: 1" in outcome.stdout
    assert "Verdict: the forecast agrees with 0 of 2 series" in outcome.stdout
    assert pd.read_csv(planted[1] / "weights.csv").empty
    targets = pd.read_csv(planted[1] / "targets.csv")
    assert targets["probability_before"].notna().all()
    assert targets["probability_after"].isna().all()


def test_another_scenario_is_forecast_with_the_same_members_and_said_to_be_after_the_fact(
    planted, simulated, truth, tmp_path, monkeypatch
):
    monkeypatch.setattr(assessment_figures, "draw", lambda *_: [])
    newer = planted[2]
    outcome = call("--observations", newer, "--scenario", "plan", "--without", SERIES[0], "--out", tmp_path / "out")
    assert outcome.exit_code == 0, outcome.output
    said = " ".join(outcome.stdout.split())
    assert "supposes the policies of: The plan" in said
    assert "was made after the observations were known" in said
    points = {
        folder: pd.read_csv(folder / "points.csv").set_index(["variable", "year"])
        for folder in (planted[1], tmp_path / "out")
    }
    stored, planned = points[planted[1]], points[tmp_path / "out"]
    # The plan registers more people.
    assert np.all(planned.xs(SERIES[1])["median"].to_numpy() > stored.xs(SERIES[1])["median"].to_numpy())
    judged = pd.read_csv(tmp_path / "out" / "series.csv").set_index("variable")
    assert judged["reason"].to_dict() == {SERIES[0]: "taken out", SERIES[1]: "agrees"}
    assert judged["used"].to_dict() == {SERIES[0]: False, SERIES[1]: True}
    with xr.open_dataset(tmp_path / "out" / DATA_FILE) as data:
        assert data.attrs["scenario"] == "plan"
        assert data.attrs["series_left_out"] == SERIES[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--without", "residnets"], "Did you mean 'residents'"),
        (["--with", "residents", "--without", "residents"], "by both --with and --without"),
        (["--scenario", "plann"], "Did you mean 'plan'"),
    ],
)
def test_a_series_or_scenario_that_there_is_not_is_refused_before_anything_runs(
    planted, words, message, tmp_path, monkeypatch
):
    monkeypatch.setattr(assess_command, "load_model", lambda: pytest.fail("the model ran"))
    outcome = call("--observations", planted[2], "--out", tmp_path / "out", *words)
    assert outcome.exit_code == 2
    assert message in outcome.stderr
    assert not (tmp_path / "out").exists()


def test_every_mistake_is_told_at_once_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(assess_command, "load_model", lambda: pytest.fail("the model ran"))
    path = tmp_path / "newer.csv"
    path.write_text(
        "variable,year,value,unit,source\n"
        f"residnets,2021,9300000,person,{SYNTHETIC}\n"
        f"residents,2019,9300000,person,{SYNTHETIC}\n"
        f"residents,2022,930,万人,{SYNTHETIC}\n"
        "residents,2023,many,person,\n",
        encoding="utf-8",
    )
    outcome = call("--observations", path, "--out", tmp_path / "out")
    assert outcome.exit_code == 2
    for part in (
        "row 2: 'residnets' is not a variable of the forecast. Did you mean 'residents'?",
        "row 3: year 2019 is outside the forecast, 2021-2035",
        "row 4: unit '万人' of 'residents' must be 'person': multiply by 10,000",
        "row 5: value 'many' is not a finite number above zero",
        "row 5: source is empty",
    ):
        assert part in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    outcome = call("--observations", tmp_path / "none.csv", "--out", tmp_path / "out")
    assert outcome.exit_code == 2
    assert "none.csv cannot be used:\n * The file does not exist" in outcome.stderr
    assert not (tmp_path / "out").exists()


def test_the_example_of_the_page_is_accepted_and_says_that_it_is_made_up(root, tmp_path):
    page = (root / "docs" / "assessment.md").read_text(encoding="utf-8")
    example = page.partition("```csv")[2].partition("\n")[2].partition("```")[0]
    path = tmp_path / "example.csv"
    path.write_text(example, encoding="utf-8")
    read = read_newer_observations(path, read_stored_forecast(Evidence.TO_2020.forecast))
    assert len(read) == 3
    assert read["source"].str.startswith("SYNTHETIC").all()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("series", [1, 2])
def test_the_legend_of_the_chart_stands_beside_its_title(simulated, series, language):
    points = pd.DataFrame(
        [(name, 2021, float(simulated[name].sel(time=2021)[0]), True) for name in SERIES[:series]],
        columns=["variable", "year", "value", "inside_90"],
    )
    facts = {
        "members": "1000",
        "seed": "1",
        "evidence": "2020",
        "model_file": "m.mdl",
        "model_hash": "0",
        "observations_file": "n.csv",
    }
    facts |= {"title_zh": "基准情景", "title_en": "Baseline"}
    weights = np.full(simulated.sizes["member"], 1 / simulated.sizes["member"])
    figure = assessment_figures.chart(points, simulated, weights, facts, language)
    FigureCanvasAgg(figure).draw()
    (title,) = (text.get_window_extent() for text in figure.texts if text.get_text() == figure.get_suptitle())
    legend = figure.legends[0].get_window_extent()
    assert title.x1 < legend.x0
    assert legend.x1 <= figure.bbox.x1
