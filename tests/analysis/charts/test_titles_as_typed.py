"""Titles of scenario files are shown as they were typed, whatever they mean to matplotlib, rich, HTML or Office."""

from __future__ import annotations

import io
import itertools
import warnings
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console
from typer.testing import CliRunner

import run_scenarios
from analysis.charts.catalogue import DETAILS
from analysis.charts.districts import districts
from analysis.charts.frame import head_and_foot
from analysis.charts.material import gather
from analysis.charts.panels import BY_MEMBER, COMPARISONS, VARIABLES
from analysis.charts.style import chart_style
from analysis.charts.trends import comparison
from analysis.outcome.ensembles import condensed
from analysis.outcome.files import manifest
from analysis.outcome.printing import changes_table
from analysis.outcome.words import LANGUAGES
from calibration.fit.ensemble import read_members
from scenarios import load_scenarios, load_targets
from tests.support.briefings import quick_briefings
from tests.support.city import city

# Mathtext, its errors, markup of rich, an emoji code of rich, HTML, a glyph no font has, Arabic, a combining accent;
# and an underscore in front, by which matplotlib leaves a label out of a legend.
TITLES = {
    "zh": r"_成本$5与$6_^[/b]\frac{5$ :house: 🏠<b>&amp; {0}%s é",
    "en": r"_Cost $\frac{5$ [red]x[/] [/x] :house: 🏠 <i>&amp; x_1^2 مر é",
}
FILE = """
name: as_typed
title: {{zh: '{zh}', en: '{en}'}}
question: {{zh: '{zh}?', en: '{en}?'}}
base: plan
changes:
  AFFORDABLE RENTAL STARTS:
    path: {{2020: 41000, 2025: 60000}}
    unit: dwelling/Year
    source: "assumption: [made up] $1 [/x]"
expect:
  - {{variable: settled people, year: 2030, is: above baseline}}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("typed") / "as_typed.yaml"
    path.write_text(FILE.format(**TITLES), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def material(file):
    scenarios, members = load_scenarios(["baseline", str(file)]), read_members(3)
    runs = {
        one.name: condensed(city().run(one.settings(members), outputs=VARIABLES), [], BY_MEMBER) for one in scenarios
    }
    facts = {one.name: manifest(one, "compiled", members) for one in scenarios}
    return gather({one.name: one for one in scenarios}, runs, list(load_targets().values()), facts)


def written(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


CHARTS = [*itertools.product([*COMPARISONS, *DETAILS], LANGUAGES)]


@pytest.mark.parametrize(("name", "language"), CHARTS)
def test_a_chart_draws_the_title_as_typed(name, language, material, tmp_path):
    """Every warning is an error here, that of a missing glyph too."""
    if name in COMPARISONS:
        figure = comparison(material, name, language)
    else:
        figure = DETAILS[name](material, "as_typed", language)
    with chart_style():
        FigureCanvasAgg(figure).draw()
    assert TITLES[language] in written(figure)
    assert not any(text.get_parse_math() for text in figure.findobj(Text) if text.get_text())


def test_a_title_that_begins_with_an_underscore_stands_in_the_legend(material):
    figure = districts(material, "as_typed", "en")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == [TITLES["en"], "Baseline"]


def test_a_vector_chart_holds_dollar_signs_as_letters(material, tmp_path):
    with chart_style():
        figure = Figure(figsize=(6, 2))
        head_and_foot(figure, TITLES["en"])
        with rc_context({"svg.fonttype": "none"}):
            figure.savefig(tmp_path / "title.svg")
    told = "".join(ElementTree.parse(tmp_path / "title.svg").getroot().itertext())
    assert TITLES["en"] in told


def test_letters_that_the_chinese_font_lacks_come_from_the_second(material):
    with chart_style():
        figure = Figure()
        head_and_foot(figure, "مرحبا")
        # Let through, the warning of a missing glyph is an error here.
        warnings.filterwarnings("error", message="Glyph")
        FigureCanvasAgg(figure).draw()


COMMANDS = [
    ("run", "baseline", "FILE", "--members", "3"),
    ("compare", "plan", "FILE", "--members", "3"),
    ("reach", "--scenario", "FILE", "--members", "3"),
    ("left-out", "FILE", "--members", "3"),
    ("delay", "--scenario", "FILE", "--members", "3", "--target", "urbanization.registered.2025"),
    ("information", "plan", "FILE", "--members", "30", "--resamples", "20"),
    ("conditions", "--scenario", "FILE", "--members", "400", "--bootstraps", "0"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_command_prints_the_title_as_typed(words, file, tmp_path):
    call = [str(file) if word == "FILE" else word for word in words]
    call += ["--full", "--language", "en", "--out", str(tmp_path)]
    done = CliRunner().invoke(run_scenarios.app, call, env={"COLUMNS": "500"})
    assert done.exit_code == 0, done.output
    assert TITLES["en"] in done.output
    assert list(tmp_path.rglob("*.png"))


def test_the_changes_of_a_scenario_are_printed_as_typed(file):
    console = Console(width=500, emoji=False, record=True, file=io.StringIO())
    console.print(changes_table(load_scenarios([str(file)])[0]))
    told = console.export_text()
    assert "assumption: [made up] $1 [/x]" in told
    assert TITLES["zh"] in told


def test_a_briefing_holds_the_title_as_typed(file, tmp_path):
    call = ["brief", "--scenario", str(file), "--members", "3", "--language", "en", "--out", str(tmp_path)]
    # The charts are drawn with these titles above.
    with quick_briefings():
        done = CliRunner().invoke(run_scenarios.app, call, env={"COLUMNS": "500"})
    assert done.exit_code == 0, done.output
    for kind in ("pptx", "xlsx"):
        (path,) = tmp_path.rglob(f"*.{kind}")
        assert TITLES["en"] in office_text(path), kind
    (page,) = tmp_path.rglob("*.html")
    text = page.read_text(encoding="utf-8")
    assert r"_Cost $\frac{5$ [red]x[/] [/x] :house: 🏠 &lt;i&gt;&amp;amp; x_1^2 مر é" in text
    assert "<i>&amp; x_1" not in text


def office_text(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.endswith(".xml")]
    return "\n".join("".join(ElementTree.fromstring(part).itertext()) for part in parts)
