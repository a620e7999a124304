"""What is taken away from the live page: the numbers as a table, and the chart as a picture."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.charts import frame
from analysis.dashboard import downloads
from analysis.dashboard.downloads import STATISTICS
from analysis.page.indicators import indicators
from analysis.dashboard.live_ensemble import LiveEnsemble, Outcome
from analysis.outcome.words import LANGUAGES
from scenarios import load_targets

RATE, DISTRICTS = "target resident urbanization rate", "residents by district"
#: Eleven members, 0 to 10, so that every quantile is known.
COUNT = 11
LEVELS = {"p05": 0.5, "p25": 2.5, "median": 5.0, "p75": 7.5, "p95": 9.5}
TITLES = {"baseline": "Baseline", "page": "This page"}


@pytest.fixture
def live() -> LiveEnsemble:
    """Members whose city-wide variable is their number, and which is ten times that in the second district."""
    city = np.repeat(np.arange(COUNT, dtype=float)[:, None], 2, axis=1)
    courses = {RATE: city, DISTRICTS: city[:, :, None] * [1.0, 10.0]}
    made = SimpleNamespace(
        times=(2020.0, 2035.0),
        outputs=(RATE, DISTRICTS),
        axes={RATE: (), DISTRICTS: ("District",)},
        elements={"District": ("Lixia", "Shizhong")},
        members=SimpleNamespace(sizes={"member": COUNT}),
        pilots=8,
        series=lambda outcome, variable: courses[variable] + (0.0 if outcome.complete else 1.0),
    )
    return cast(LiveEnsemble, made)


def outcome(name: str, *, complete: bool) -> Outcome:
    made: Any = SimpleNamespace(scenario=SimpleNamespace(hash=name), complete=complete)
    return cast(Outcome, made)


def test_the_table_holds_the_bands_of_every_indicator_under_what_made_it(live):
    outcomes = {"baseline": outcome("abc", complete=True), "page": outcome("def", complete=False)}
    text = downloads.data(live, outcomes, TITLES, {"seed": "7", "members": "11"})
    assert text.startswith("# seed: 7\n# members: 11\n")
    table = pd.read_csv(io.StringIO(text), comment="#", keep_default_na=False)
    named = ("role", "scenario_hash", "variable", "element", "unit", "year", *STATISTICS, "status")
    assert tuple(table.columns) == named
    # Two settings, two years, and the city beside two districts.
    assert len(table) == 2 * 2 * (1 + 2)
    exact = table[table["role"] == "Baseline"]
    assert set(exact["scenario_hash"]) == {"abc"}
    assert set(exact["status"]) == {"every member exact"}
    assert set(table.loc[table["role"] == "This page", "status"]) == {"preliminary: members estimated"}
    whole = exact[exact["variable"] == RATE]
    assert list(whole["year"]) == [2020, 2035]
    assert list(whole["element"]) == ["", ""]
    assert set(whole["unit"]) == {"percent"}
    second = exact[(exact["variable"] == DISTRICTS) & (exact["element"] == "Shizhong")]
    assert set(second["unit"]) == {"person"}
    for column, level in LEVELS.items():
        assert list(whole[column]) == [level] * 2
        assert list(second[column]) == [10 * level] * 2
    shifted = table[(table["role"] == "This page") & (table["variable"] == RATE)]
    assert list(shifted["median"]) == [LEVELS["median"] + 1] * 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("complete", "said"), [(True, "11"), (False, "8")])
def test_the_picture_shows_every_setting_the_targets_and_how_many_members_are_exact(
    live, language, complete, said, monkeypatch
):
    drawn: list[Any] = []

    def recorded(figure, title, subtitle, foot):
        drawn.append((figure, title, subtitle, foot))
        frame.head_and_foot(figure, title, subtitle, foot)

    monkeypatch.setattr(downloads, "head_and_foot", recorded)
    indicator = indicators(list(load_targets().values()))[RATE]
    outcomes = {"baseline": outcome("abc", complete=True), "page": outcome("def", complete=complete)}
    content = downloads.chart(live, outcomes, indicator, TITLES, language, "what it rests on")
    ((figure, title, subtitle, foot),) = drawn
    assert (title, foot) == (indicator.title[language], "what it rests on")
    assert said in subtitle
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[:2] == ["Baseline", "This page"]
    assert len(labels) == 2 + len(indicator.targets) > 2
    medians = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    shift = 0.0 if complete else 1.0
    np.testing.assert_allclose(medians["Baseline"], LEVELS["median"] / indicator.size[language])
    np.testing.assert_allclose(medians["This page"], (LEVELS["median"] + shift) / indicator.size[language])
    picture: Any = Image.open(io.BytesIO(content))
    assert picture.format == "PNG"
    # Nothing in the file says when or with which version it was drawn.
    assert picture.text == {"Description": indicator.title["en"]}
