"""Charts can be read: in both languages, with units, with every glyph, and with no label cut or covered."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from analysis.charts import catalogue, files
from analysis.charts.catalogue import DETAILS, Chart
from analysis.charts.district_map import MAPS
from analysis.charts.districts import districts
from analysis.charts.labels import label_targets, spread_apart
from analysis.charts.material import Material, families, gather
from analysis.charts.panels import BY_MEMBER, COMPARISONS, VARIABLES
from analysis.charts.record import record
from analysis.charts.style import LIGHT_GREY, chart_style
from analysis.charts.trends import MOST_LINES, comparison
from analysis.outcome.ensembles import condensed, quantile
from analysis.outcome.files import manifest
from analysis.outcome.words import LANGUAGES, terms
from calibration.fit.ensemble import read_members
from model import load_model
from model.definition import model_hash, variables_by_name
from scenarios import load_scenarios, load_targets, shipped_scenarios
from tests.support.plain_runs import upright


@pytest.fixture(scope="module")
def material():
    city = load_model()
    scenarios = load_scenarios(shipped_scenarios())
    members = read_members(8)
    runs = {s.name: condensed(city.run(s.settings(members), outputs=VARIABLES), [], BY_MEMBER) for s in scenarios}
    facts = {s.name: manifest(s, "compiled", members) for s in scenarios}
    return gather({s.name: s for s in scenarios}, runs, list(load_targets().values()), facts)


@pytest.fixture(scope="module", params=itertools.product([*COMPARISONS, *DETAILS], LANGUAGES), ids="-".join)
def drawn(request, material):
    """One chart, drawn; warnings are errors here, so a missing glyph fails."""
    name, language = request.param
    figure = comparison(material, name, language) if name in COMPARISONS else DETAILS[name](material, "plan", language)
    FigureCanvasAgg(figure).draw()
    return name, language, figure


def labels(figure) -> list[Text]:
    """Everything written except the ticks, which the layout keeps in place."""
    of_axes = [
        (ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts, *(ax.legend_.texts if ax.legend_ else ()))
        for ax in figure.axes
    ]
    legends = [*figure.legends, *(legend for part in figure.subfigs for legend in part.legends)]
    of_figure = [figure._suptitle, figure._supxlabel, *(text for legend in legends for text in legend.texts)]
    return [text for text in (*itertools.chain(*of_axes), *of_figure) if text.get_text().strip()]


def box(text: Text) -> Bbox:
    """Where the letters stand, without the line that ties a label to its place."""
    return Text.get_window_extent(text)


def test_no_label_is_cut_off(drawn):
    _, _, figure = drawn
    for text in labels(figure):
        extent = box(text)
        inside = extent.x0 >= 0 and extent.x1 <= figure.bbox.x1 and extent.y0 >= 0 and extent.y1 <= figure.bbox.y1
        assert inside, text.get_text()


def test_no_label_covers_another(drawn):
    _, _, figure = drawn
    for one, other in itertools.combinations(labels(figure), 2):
        a, b = box(one), box(other)
        apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 + 2 or b.y1 <= a.y0 + 2
        assert apart, f"{one.get_text()!r} and {other.get_text()!r} overlap"


def test_every_value_axis_names_its_unit(drawn):
    name, language, figure = drawn
    units = {unit[language] for unit in terms()["units"].values()}
    if name in MAPS:
        # A map has no axes: its legend names the unit.
        assert {legend.get_title().get_text() for legend in figure.legends} <= units
        return
    for ax in figure.axes:
        # The leftmost axes of a row say the unit for all of the row.
        row = [other for other in figure.axes if abs(other.get_position().y0 - ax.get_position().y0) < 0.01]
        said = {ax.get_xlabel(), *(other.get_ylabel() for other in row)}
        assert said & units, f"{name}: {said}"


def test_the_footer_names_source_and_model(drawn, material):
    _, language, figure = drawn
    footer = figure._supxlabel.get_text()
    assert ("来源" if language == "zh" else "Source") in footer
    assert model_hash() in footer
    assert "8" in footer


def test_no_legend_stands_on_the_stacked_areas(drawn):
    name, _, figure = drawn
    if name == "population_by_group":
        assert not figure.legends
        assert figure.axes[0].get_legend() is None


def test_bars_and_lines_say_that_they_are_medians(drawn):
    name, language, figure = drawn
    note = figure._supxlabel.get_text()
    assert ("中位数" if language == "zh" else "median") in note
    bars = name not in MAPS and any(ax.patches for ax in figure.axes)
    if bars:
        assert any(
            words in note
            for words in ("各部分为中位数", "柱为中位数", "parts of bars are med", "Parts are med", "Bars are med")
        )


def test_a_district_that_is_wholly_urban_has_no_empty_half_above_its_line(material):
    for ax in districts(material, "plan", "en").axes:
        low, high = ax.get_ylim()
        # A quarter of the panel is kept for the number that stands in it.
        assert high <= 100.0 or (100.0 - low) / (high - low) >= 0.7


def test_both_languages_differ_only_in_words(material):
    zh = comparison(material, "urbanization_rates", "zh")
    en = comparison(material, "urbanization_rates", "en")
    assert [len(ax.lines) for ax in zh.axes] == [len(ax.lines) for ax in en.axes]
    for text in labels(en):
        assert text.get_text().isascii() or set(text.get_text()) - set(map(chr, range(128))) <= set("≥≤≈−·²“”"), text


def test_a_scenario_keeps_its_look_and_no_two_of_a_chart_look_alike(material):
    for family in families(material):
        looks = [str(material.styles[name]) for name in family]
        assert len(set(looks)) == len(family), family
    assert {name for family in families(material) for name in family} == set(shipped_scenarios())


@pytest.mark.parametrize("name", COMPARISONS)
def test_no_panel_names_more_than_five_scenarios(name, material):
    figure = comparison(material, name, "en")
    titles = {one.title["en"] for one in material.scenarios.values()}
    for ax in figure.axes:
        named = [text.get_text() for text in ax.texts if text.get_text() in titles]
        assert 2 <= len(named) <= MOST_LINES
        assert "Baseline" in named
        greys = [line for line in ax.lines if same_color(line.get_color(), LIGHT_GREY)]
        assert len(greys) + len(named) in map(len, families(material))


@pytest.mark.parametrize("name", ["urbanization_rates", "income_ratio"])
def test_what_was_counted_stands_before_the_run(name, material):
    for panel, ax in zip(
        COMPARISONS[name], comparison(material, name, "zh").axes[:: len(families(material))], strict=True
    ):
        (dots,) = [line for line in ax.lines if line.get_label() == "_record"]
        points = record(panel.variable)
        assert points[-1].year == (2019 if "registered" in panel.variable else 2023)
        assert upright(dots).tolist() == [point.value for point in points]
        assert ax.get_xlim()[0] == pytest.approx(2009.4)
        # The run goes on where the record is.
        start = float(quantile(material.runs["baseline"][panel.variable], 0.5)[0])
        assert start == pytest.approx(next(point.value for point in points if point.year in (2019, 2020)), rel=0.03)


def test_titles_tell_a_finding_and_no_hash(drawn, material):
    name, _, figure = drawn
    title = figure.get_suptitle()
    assert any(letter.isdigit() for letter in title), name
    assert not any(scenario.hash in title for scenario in material.scenarios.values())
    assert model_hash() not in title


def test_every_element_and_scenario_has_its_words():
    drawn_dims = {"District", "Group", "Service", "Age"}
    for name in VARIABLES:
        variable = variables_by_name()[name]
        for dim, elements in zip(variable.dims, variable.axes, strict=True):
            if dim in drawn_dims - {"Age"}:
                assert set(elements) <= terms()["elements"].keys(), name


def test_every_term_has_both_languages():
    for name, kind in terms().items():
        for term, words in kind.items():
            # What has no unit prints none, in either language.
            wanted = (name, term) != ("model units", "Dmnl")
            assert [bool(words["zh"]), bool(words["en"])] == [wanted, wanted], term


def test_files_are_written_whole_in_both_languages_and_only_where_something_changed(material, tmp_path):
    wanted = catalogue.list_charts(material, [])[:2]
    assert not any(catalogue.is_drawn(chart, tmp_path) for chart in wanted)
    files = list(catalogue.draw_figures(material, tmp_path, wanted))
    assert sorted(tmp_path.iterdir()) == sorted(files) == sorted(tmp_path / chart.file for chart in wanted)
    assert all(catalogue.is_drawn(chart, tmp_path) for chart in wanted)
    first = [file.read_bytes() for file in files]
    assert first == [file.read_bytes() for file in catalogue.draw_figures(material, tmp_path, wanted)], "other bytes"
    other = {name: {**facts, "model_hash": "another"} for name, facts in material.facts.items()}
    changed = Material(material.scenarios, material.runs, material.targets, other, material.styles)
    assert not any(catalogue.is_drawn(chart, tmp_path) for chart in catalogue.list_charts(changed, [])[:2])


def test_a_picture_that_is_torn_or_edited_is_drawn_again(tmp_path):
    chart = Chart("districts", "plan", "zh", "a fingerprint")
    path = tmp_path / chart.file
    files.write_png(Figure(figsize=(2, 2)), path, {"Source": chart.fingerprint})
    whole = path.read_bytes()
    assert catalogue.is_drawn(chart, tmp_path)
    middle = len(whole) // 2
    damaged = {
        "cut in half": whole[:middle],
        "end cut": whole[:-1],
        "zeroed": whole[:middle] + bytes(20) + whole[middle + 20 :],
        "half zeroed": whole[:middle] + bytes(len(whole) - middle),
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "longer": whole + b"\0",
        "empty": b"",
    }
    for name, content in damaged.items():
        path.write_bytes(content)
        assert not catalogue.is_drawn(chart, tmp_path), name
    path.write_bytes(whole)
    assert catalogue.is_drawn(chart, tmp_path)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([0.1, 0.5, 0.9], [0.1, 0.5, 0.9]),
        ([0.5, 0.5, 0.5], [0.4, 0.5, 0.6]),
        ([0.55, 0.5], [0.575, 0.475]),
        ([1.0, 1.0], [0.9, 1.0]),
    ],
)
def test_labels_are_spread_apart_in_order(places, expected):
    np.testing.assert_allclose(spread_apart(np.array(places), 0.1, 0.0, 1.0), expected)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_two_targets_on_one_line_stand_apart_and_name_no_plan(language):
    targets = [
        replace(next(one for one in load_targets().values() if one.unit == "percent"), year=year, threshold=threshold)
        for year, threshold in ((2025, 84.6), (2027, 85.0))
    ]
    with chart_style():
        # A small panel, as in a printed report.
        drawn = Figure(figsize=(3.0, 2.2))
        ax = drawn.subplots()
        ax.plot([2010, 2035], [70.0, 92.0])
        ax.set_ylim(60, 95)
        drawn.draw_without_rendering()
        label_targets(ax, targets, 1.0, language)
        drawn.draw_without_rendering()
    first, second = ax.texts
    assert not box(first).overlaps(box(second))
    assert not any(word in first.get_text() for word in ("规划", "plan"))
