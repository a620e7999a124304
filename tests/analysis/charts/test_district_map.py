"""The map has every district once where it lies, the same classes everywhere, and a user's boundaries or a remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.text import Text
from typer.testing import CliRunner

import run_scenarios
from analysis.charts.boundaries import BoundaryError, bare_name, district_names, read_boundaries
from analysis.charts.district_map import CLASS_COLOURS, DRAW_MAPS, MAPS, TILES, district_map
from tests.support import made_up_map
from tests.support.plain_runs import material, run

RATE, PEOPLE = (one.variable for one in MAPS.values())


@pytest.fixture(scope="module")
def drawn_from():
    rising = np.array([[0.3] * 12, [0.5] * 12, [0.55] * 10 + [1.0] * 2])
    return material({"plan": run({RATE: rising, PEOPLE: 5e5}, spread=0.0)})


@pytest.fixture(scope="module")
def boundaries(tmp_path_factory):
    return read_boundaries(made_up_map.write(tmp_path_factory.mktemp("map") / "districts.geojson"))


def test_every_district_has_a_tile_of_its_own_where_it_lies():
    assert set(TILES) == set(district_names())
    assert len(set(TILES.values())) == len(TILES)
    column, row = ({name: place[side] for name, place in TILES.items()} for side in (0, 1))
    assert row["Shanghe"] < row["Jiyang"] < row["Lixia"]
    assert column["Pingyin"] < column["Changqing"] < column["Shizhong"] < column["Licheng"] < column["Zhangqiu"]
    assert row["Zhangqiu"] < row["Laiwu"] < row["Gangcheng"]
    assert row["Shizhong"] < row["Pingyin"]


@pytest.mark.parametrize("name", MAPS)
def test_classes_are_as_many_as_colours_and_the_same_in_both_languages(name):
    zh, en = (np.array(MAPS[name].breaks[language]) for language in ("zh", "en"))
    assert len(zh) == len(CLASS_COLOURS) - 1
    assert (np.diff(zh) > 0).all()
    # In Chinese people are counted in ten thousands, in English in thousands.
    np.testing.assert_allclose(en, zh * (10 if name == "residents_map" else 1))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_value_and_class_of_each_tile_are_those_of_the_run(drawn_from, language):
    figure = district_map(drawn_from, "plan", language)
    first, _, last = figure.axes
    tiles = [patch for patch in first.patches if isinstance(patch, Rectangle)]
    assert len(tiles) == len(TILES)
    colours = [{patch.get_facecolor()[:3] for patch in ax.patches} for ax in figure.axes]
    assert list(map(len, colours)) == [1, 1, 2]
    # The class of 50 to 60 holds both 50 and 55: classes do not move with the year.
    assert colours[1] < colours[2]
    assert [text.get_text() for text in last.texts].count("55.0") == 10
    assert ("2035年" if language == "zh" else "2035") == last.get_title(loc="left")
    title = " ".join(figure.get_suptitle().split())
    assert ("升幅最大" if language == "zh" else "it rises most in Pingyin (70.0 points") in title


@pytest.mark.parametrize("canvas", [None, (10.7, 4.8)])
@pytest.mark.parametrize("given", [False, True], ids=["tiles", "boundaries"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_word_on_a_map_covers_another(drawn_from, boundaries, language, given, canvas):
    shown = replace(drawn_from, boundaries=boundaries if given else None)
    figure = DRAW_MAPS["residents_map"](shown, "plan", language, canvas)
    FigureCanvasAgg(figure).draw()
    for ax in figure.axes:
        boxes = [(text.get_text(), Text.get_window_extent(text)) for text in ax.texts]
        assert len(boxes) >= len(TILES)
        for (one, a), (other, b) in combinations(boxes, 2):
            assert a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 + 3 or b.y1 <= a.y0 + 3, f"{one!r} and {other!r}"


def test_boundaries_have_parts_and_holes_and_the_shape_of_their_latitude(drawn_from, boundaries):
    assert len(boundaries.polygons["Zhangqiu"][0]) == 2
    assert boundaries.aspect == pytest.approx(1 / np.cos(np.radians(36.7)), rel=0.01)
    figure = district_map(replace(drawn_from, boundaries=boundaries), "plan", "en")
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]
    assert len(patches) == sum(map(len, boundaries.polygons.values()))
    # A hole is one because it turns the other way round.
    outer, hole = boundaries.polygons["Zhangqiu"][0]
    turns = [(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1]).sum() for ring in (outer, hole)]
    assert turns[0] > 0 > turns[1]
    assert figure.axes[0].get_aspect() == pytest.approx(boundaries.aspect)


@pytest.mark.parametrize(
    "name", ["历城区", "历城", "山东省济南市历城区", "历城区（含高新区）", "Licheng", "licheng district", "LICHENG QU"]
)
def test_a_district_is_known_by_the_names_that_files_give_it(name):
    assert bare_name(name) in ("历城", "licheng")


def test_a_file_of_the_province_with_old_names_or_in_another_encoding_is_read(tmp_path):
    document = made_up_map.collection()
    old = {"章丘区": "章丘市", "济阳区": "济阳县", "莱芜区": "莱城区", "商河县": "Shanghe County"}
    for feature in document["features"]:
        name = feature["properties"].pop("name")
        feature["properties"] |= {"id": 7, "NAME_3": old.get(name, name), "city": "济南市"}
    document["features"].append({"type": "Feature", "properties": {"name": "市南区"}, "geometry": None})
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        read = read_boundaries(made_up_map.write(tmp_path / f"{encoding}.json", document, encoding))
        assert set(read.polygons) == set(district_names())


def test_every_mistake_of_a_file_is_told_at_once_with_its_remedy(tmp_path):
    swapped = [[y, x] for x, y in made_up_map.square(117.5, 36.7, 0.1)]
    changes = {
        "历下区": None,
        "市中区": {"type": "Point", "coordinates": [117, 36]},
        "章丘区": {"type": "Polygon", "coordinates": [swapped]},
        "莱芜区": {"type": "Polygon", "coordinates": [[[5e5, 4e6]] * 4]},
        "商河县": {"type": "Polygon", "coordinates": [[["a", "b"]] * 4]},
    }
    document = made_up_map.collection(**changes)
    document["features"].append({"type": "Feature", "properties": {"name": "历下曲"}, "geometry": None})
    document["crs"] = {"properties": {"name": "EPSG:4527"}}
    with pytest.raises(BoundaryError) as caught:
        read_boundaries(made_up_map.write(tmp_path / "wrong.geojson", document))
    told = str(caught.value)
    for words in (
        "no feature is named 历下区 or Lixia. Did you mean '历下曲'?",
        "its geometry is Point",
        "longitude and latitude are exchanged",
        "not in degrees around Jinan",
        "not in WGS84",
        "商河县 Shanghe",
    ):
        assert words in told
    assert len(told.splitlines()) == 8


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as GeoJSON"),
        (b"{", "cannot be read as GeoJSON"),
        (b"[" * 100_000, "cannot be read as GeoJSON"),
        (b"[1]", "no GeoJSON FeatureCollection"),
        (b'{"features": [NaN]}', "NaN is no number"),
        (b'{"type": "Topology", "objects": {}}', "no GeoJSON FeatureCollection"),
        (b"\xff\xfe\x00", "cannot be read as GeoJSON"),
    ],
)
def test_what_is_no_boundary_file_is_refused(tmp_path, content, words):
    path = tmp_path / "given.geojson"
    path.write_bytes(content)
    with pytest.raises(BoundaryError, match=words):
        read_boundaries(path)


def test_a_file_that_is_too_large_or_missing_is_refused(tmp_path, monkeypatch):
    path = made_up_map.write(tmp_path / "given.geojson")
    monkeypatch.setattr("analysis.charts.boundaries.LARGEST", 100)
    with pytest.raises(BoundaryError, match="larger than 100 bytes"):
        read_boundaries(path)
    with pytest.raises(BoundaryError, match="no such file"):
        read_boundaries(tmp_path / "none.geojson")
    with pytest.raises(BoundaryError, match="no plain file"):
        read_boundaries(tmp_path)


def test_corners_too_near_to_be_seen_are_left_out(tmp_path):
    document = made_up_map.collection(
        商河县={"type": "Polygon", "coordinates": [made_up_map.square(117.18, 37.32, 0.17, corners=50_000)]}
    )
    read = read_boundaries(made_up_map.write(tmp_path / "fine.geojson", document))
    assert len(read.polygons["Shanghe"][0][0]) < 2_000


@pytest.mark.parametrize("command", ["run", "brief"])
def test_a_wrong_file_is_refused_before_anything_runs_together_with_other_mistakes(tmp_path, command):
    path = tmp_path / "given.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": []}), "utf-8")
    words = ["run", "plen"] if command == "run" else ["brief", "--scenario", "plen"]
    out = tmp_path / "out"
    done = CliRunner().invoke(run_scenarios.app, [*words, "--boundaries", str(path), "--out", str(out)])
    assert done.exit_code == 2
    assert "no feature is named 历下区 or Lixia" in done.output
    assert "plen" in done.output
    assert not out.exists()
