"""What is exported equals what was run, in the model's units, for programs that know nothing of it."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import run_scenarios
from analysis.outcome.files import facts_of
from model.definition import variables_by_name

MEMBERS = 4
RATE = "resident urbanization rate"


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": "300"})


def exported(*words: object) -> str:
    outcome = call("export", *words)
    assert outcome.exit_code == 0, outcome.output
    return str(outcome.output)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder with the runs of the baseline and the plan."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.charts.catalogue.list_charts", lambda *_: [])
        outcome = call("run", "plan", "--members", MEMBERS, "--out", folder)
    assert outcome.exit_code == 0, outcome.output
    return folder


@pytest.fixture(scope="module")
def series(results, tmp_path_factory):
    """Everything of both runs."""
    out = tmp_path_factory.mktemp("all")
    printed = exported("--results", results, "--full", "--out", out)
    assert "取自baseline、plan，各4组样本" in printed
    return pd.read_csv(out / "series.csv").fillna({"element": ""}), out


def test_a_number_is_the_quantile_over_the_members_of_the_run(series, results):
    table, _ = series
    with xr.open_dataset(results / "plan.nc") as run:
        for name, element, where in (
            (RATE, "", {}),
            ("Affordable Rental Housing", "Lixia", {"district": "Lixia"}),
        ):
            chosen = (table["scenario"] == "plan") & (table["variable"] == name) & (table["element"] == element)
            rows = table[chosen].set_index("year")
            assert rows.index.tolist() == list(range(2020, 2036))
            assert set(rows["unit"]) == {variables_by_name()[name].unit}
            for year in (2021, 2035):
                cells = run[name].sel({"time": year, **where})
                for level, column in ((0.5, "median"), (0.05, "p05"), (0.95, "p95")):
                    own = cells.quantile(level, "member") if "member" in cells.dims else cells.sel(quantile=level)
                    assert float(rows.loc[year, column]) == pytest.approx(float(own), rel=1e-6)


def test_every_series_that_a_run_holds_is_in_the_full_table_once(series, results):
    table, _ = series
    with xr.open_dataset(results / "plan.nc") as run:
        cells = {
            str(name): np.prod([size for dim, size in one.sizes.items() if dim not in ("member", "quantile", "time")])
            for name, one in run.data_vars.items()
        }
    plan = table[table["scenario"] == "plan"]
    counted = plan.groupby("variable").size().to_dict()
    assert counted == {name: 16 * int(number) for name, number in cells.items()}
    assert not plan.duplicated(["variable", "element", "year"]).any()


def test_the_table_of_the_iamc_has_its_columns_and_each_series_once(series):
    table, out = series
    iamc = pd.read_csv(out / "iamc.csv", keep_default_na=False)
    assert iamc.columns.tolist() == ["Model", "Scenario", "Region", "Variable", "Unit", *map(str, range(2020, 2036))]
    assert not iamc.duplicated(["Model", "Scenario", "Region", "Variable"]).any()
    assert set(iamc["Model"]) == {"Jinan urbanization"}
    assert {"Jinan", "Jinan|Lixia"} <= set(iamc["Region"])
    rows = iamc.query("Scenario == 'plan' and Region == 'Jinan' and Variable.str.startswith(@RATE)", engine="python")
    assert set(rows["Variable"]) == {
        RATE,
        *(f"{RATE}|{level}th Percentile" for level in ("5.0", "25.0", "75.0", "95.0")),
    }
    median = table.query("scenario == 'plan' and variable == @RATE and year == 2030")["median"]
    assert rows.set_index("Variable")["2030"][RATE] == pytest.approx(float(median.iloc[0]), rel=1e-9)
    # Median and four quantiles of each series that has them, the median alone of the largest.
    expected = table.drop_duplicates(["scenario", "variable", "element"])["p05"].notna()
    assert len(iamc) == 5 * expected.sum() + (~expected).sum()


def test_names_and_heads_are_in_the_language_asked_for(results, tmp_path):
    exported(
        "plan", "--results", results, "--variable", "常住人口总数", "--variable", "Affordable Rental Housing",
        "--language", "zh", "--out", tmp_path,
    )  # fmt: skip
    raw = (tmp_path / "series.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf"), "Excel on a Chinese computer would take it for GBK"
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert {(row["情景"], row["变量"], row["模型变量"]) for row in rows} == {
        ("规划情景", "常住人口总数", "residents"),
        ("规划情景", variables_by_name()["Affordable Rental Housing"].term, "Affordable Rental Housing"),
    }
    assert "历下区" in {row["分项"] for row in rows}
    assert rows[0]["单位"] == "person"
    exported("plan", "--results", results, "--variable", "residents", "--language", "en", "--out", tmp_path)
    (title,) = set(pd.read_csv(tmp_path / "series.csv")["scenario"])
    assert title == "The plan"


def test_what_the_folder_lacks_is_run_with_as_many_members_and_not_kept(results, tmp_path):
    before = sorted(path.name for path in results.iterdir())
    printed = exported("plan", "weak_inflow", "--results", results, "--variable", "residents", "--out", tmp_path)
    assert "取自plan、weak_inflow，各4组样本" in printed
    assert sorted(path.name for path in results.iterdir()) == before
    assert set(pd.read_csv(tmp_path / "series.csv")["scenario"]) == {"plan", "weak_inflow"}


def test_runs_of_other_evidence_and_of_other_sizes_are_not_mixed(results, tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.charts.catalogue.list_charts", lambda *_: [])
    folder = tmp_path / "mixed"
    for words in (("--members", 2), ("--members", 3, "--evidence", 2020)):
        assert call("run", "baseline", *words, "--out", folder).exit_code == 0
        (folder / "baseline.nc").rename(tmp_path / f"{words[1]}.nc")
    (folder / "baseline.nc").write_bytes((tmp_path / "2.nc").read_bytes())
    (folder / "plan.nc").write_bytes((results / "plan.nc").read_bytes())
    refused = call("export", "--results", folder, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "holds runs that must not stand in one table" in refused.stderr
    assert "plan.nc: 4 members" in refused.stderr
    assert "choose with --members" in " ".join(refused.stderr.split())
    assert not (tmp_path / "out").exists()
    printed = exported("--results", folder, "--members", 2, "--variable", "residents", "--out", tmp_path / "out")
    assert "取自baseline，各2组样本" in printed
    assert "plan.nc（4组样本）" in printed
    (folder / "baseline.nc").write_bytes((tmp_path / "3.nc").read_bytes())
    printed = exported("--results", folder, "--evidence", 2020, "--variable", "residents", "--out", tmp_path / "out")
    assert "plan.nc（资料到2023年）" in printed
    assert facts_of(folder / "baseline.nc")["evidence"] == "2020"


def test_a_damaged_run_is_not_exported(results, tmp_path):
    folder = tmp_path / "hurt"
    folder.mkdir()
    hurt = bytearray((results / "plan.nc").read_bytes())
    hurt[len(hurt) // 2] ^= 0xFF
    (folder / "plan.nc").write_bytes(bytes(hurt))
    printed = exported(
        "plan", "--results", folder, "--members", 2, "--variable", "residents", "--out", tmp_path / "out"
    )
    assert "各2组样本" in printed


def test_a_variable_that_no_run_keeps_is_told(results, tmp_path):
    with xr.open_dataset(results / "plan.nc") as run:
        kept = {str(name) for name in run.data_vars}
    large = next(name for name, one in variables_by_name().items() if one.kind == "flow" and name not in kept)
    refused = call("export", "plan", "--results", results, "--variable", large, "--out", tmp_path)
    assert refused.exit_code == 2
    assert f"{large!r}: of so many numbers that no run keeps it" in refused.stderr


def test_a_folder_of_results_that_is_not_there_is_no_reason_to_run_the_model(tmp_path):
    words = ["export", "plan", "--results", str(tmp_path / "outptus"), "--out", str(tmp_path / "out")]
    outcome = CliRunner().invoke(run_scenarios.app, words)
    assert outcome.exit_code == 2
    assert "There is no folder" in outcome.stderr
    assert not (tmp_path / "out").exists()
