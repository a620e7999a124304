"""A city is what its pack says: it fills the gaps of the equations, and every fault of it is told at once."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from model.building import TEMPLATE, built_model, kept_file, model_text
from model.city import (
    CONSTANTS_FILE,
    DISTANCES_FILE,
    DISTRICTS_FILE,
    PACKS,
    USUAL,
    VARIABLE,
    PackError,
    choose_city,
    city,
    pack_folder,
    read_pack,
)
from model.definition import MODEL_FILE, model_hash

PARTS = ("city.yaml", "constants.csv", "districts.csv", "distances.csv", "tables.mdl")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the usual city's pack, to be changed."""
    folder = tmp_path / USUAL
    folder.mkdir()
    for name in PARTS:
        shutil.copy(PACKS / USUAL / name, folder / name)
    return folder


def change(path: Path, row: int, column: str, text: str) -> None:
    """Put a text into a cell; rows count the header as row 1."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[row - 1][rows[0].index(column)] = text
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def told(pack: Path) -> str:
    with pytest.raises(PackError) as caught:
        model_text(read_pack(pack))
    return str(caught.value)


def test_the_model_of_the_usual_city_is_that_from_before_there_were_packs():
    """Its ensembles were calibrated with it; a change of the model is a change of this line, and of them."""
    assert model_hash() == "836157b62751"


def test_every_gap_is_filled_and_every_number_of_the_pack_is_used():
    text = model_text(city())
    assert "{{" in TEMPLATE.read_text(encoding="utf-8")
    assert "{{" not in text
    assert built_model() == MODEL_FILE
    assert MODEL_FILE.read_text(encoding="utf-8") == text
    assert MODEL_FILE.name == f"{city().name}.mdl"


def test_no_equation_names_the_city_or_a_district_of_it():
    text = TEMPLATE.read_text(encoding="utf-8")
    names = {*city().title.values(), *city().formal.values(), *city().district_names}
    names |= {district.title["zh"] for district in city().districts}
    assert len(names) > 20
    assert [name for name in names if name in text] == []


def test_a_number_of_a_district_reaches_the_model(pack):
    change(pack / DISTRICTS_FILE, 3, "LAND AREA", "281.5")
    assert "LAND AREA[District]=\n\t101,281.5,151," in model_text(read_pack(pack))


def test_every_fault_of_a_pack_is_told_at_once_with_file_row_and_column(pack):
    change(pack / CONSTANTS_FILE, 2, "value", "9e6")
    change(pack / CONSTANTS_FILE, 3, "grade", "F")
    change(pack / CONSTANTS_FILE, 4, "lowest", "low")
    change(pack / DISTRICTS_FILE, 4, "zone", "center")
    change(pack / DISTRICTS_FILE, 5, "tile_row", "-1")
    change(pack / DISTRICTS_FILE, 6, "LAND AREA", "large")
    change(pack / DISTANCES_FILE, 2, "Shizhong", "-7")
    said = told(pack)
    for line in (
        "jinan/districts.csv cannot be used:",
        "row 4, zone: 'center' is no zone of city.yaml.",
        "row 5, tile_column or tile_row: must be whole numbers from 0",
        "row 6, LAND AREA: 'large' is not a number",
        "row 2, Shizhong: '-7' is no distance in kilometres",
        "row 2, value: 9e+06 of 'UNREGISTERED RESIDENTS 2010' is outside its limits, 780111 to 1268726",
        "row 3, grade: 'F' is not a grade A-E",
        "row 4, lowest: 'low' is not a number",
    ):
        assert line in said


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (
            "constants.csv",
            "BUILT UP AREA 2020,",
            "BUILT UP AREA 2021,",
            "no row for 'BUILT UP AREA 2020' [km2]; add it",
        ),
        ("constants.csv", "BUILT UP AREA 2020,", "BUILT UP AREA 2021,", "Did you mean 'BUILT UP AREA 2020'?"),
        ("constants.csv", ",km2,A,", ",ha,A,", "'BUILT UP AREA 2020', unit: is 'ha', in the equations 'km2'"),
        ("constants.csv", "BUILT UP AREA 2020,839.7", "BUILT UP AREA 2020,", "'BUILT UP AREA 2020', value: is empty"),
        ("constants.csv", "BUILT UP AREA 2010,", "BUILT UP AREA 2020,", "constant: 'BUILT UP AREA 2020' stands twice"),
        ("constants.csv", "LAND AREA,,", "LAND AREA,7,", "stand in districts.csv; leave it empty here"),
        ("districts.csv", ",LAND AREA\n", ",LAND ARIA\n", "no row for 'LAND ARIA', a column of districts.csv"),
        ("districts.csv", "\nShizhong,", "\nLixia,", "row 3, district: 'Lixia' stands twice"),
        ("districts.csv", "\nShizhong,", "\n市中,", "must be letters, spaces and hyphens"),
        ("districts.csv", ",zone,", ",zones,", "header: missing column(s) zone"),
        ("distances.csv", "\nShizhong,", "\nShi,", "must be the districts in the order of districts.csv"),
        ("city.yaml", "name: jinan", "name: jinnan", "they must be the same"),
        (
            "city.yaml",
            "province: {zh: 山东省, en: Shandong}",
            "province: Shandong",
            "'province' must read {zh: ..., en: ...}",
        ),
        ("city.yaml", "origin_districts: [Pingyin,", "origin_districts: [Pingyang,", "is no district: 'Pingyang'"),
        ("city.yaml", "bounds: [114.0, 120.0", "bounds: [120.0, 114.0", "'bounds' must be four numbers in degrees"),
        ("city.yaml", "region: Jinan", "regoin: Jinan", "Did you mean 'region'?"),
        ("city.yaml", "{2010: 1000000, 2020: 1550000}", "{2010: 1000000}", "both above zero"),
    ],
)
def test_a_pack_that_is_wrong_in_one_place_says_where(file, old, new, line, pack):
    path = pack / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert line in told(pack)


@pytest.mark.parametrize("file", ["constants.csv", "districts.csv", "distances.csv", "city.yaml", "tables.mdl"])
def test_a_pack_without_one_of_its_files_names_it(file, pack):
    (pack / file).unlink()
    assert file in told(pack)


@pytest.mark.parametrize("title", ["合肥", "Hefei", "hefei"])
def test_a_pack_is_found_by_its_title(title):
    assert pack_folder(title).name == "hefei"


def test_a_city_that_there_is_not_is_refused_with_the_nearest(monkeypatch):
    monkeypatch.setenv(VARIABLE, USUAL)
    city.cache_clear()
    try:
        with pytest.raises(PackError, match=r"There is no city 'jinann'\. Did you mean 'jinan'\?"):
            choose_city(["run", "--city", "jinann"])
    finally:
        monkeypatch.setenv(VARIABLE, USUAL)
        city.cache_clear()
    assert city().is_usual


def test_a_process_that_has_read_a_city_takes_no_other(pack):
    change(pack / DISTRICTS_FILE, 3, "LAND AREA", "281.5")
    with pytest.raises(PackError, match="This process is about jinan already"):
        choose_city(["run", "--city", str(pack)])
    choose_city(["run", "--city", USUAL])
    assert city().is_usual


def call(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).parents[2] / "run_scenarios.py"
    return subprocess.run(
        [sys.executable, script, *words],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--city", "PACK", "city", "build"], {}),
        (["city", "build", "--city=PACK"], {}),
        (["city", "build"], {VARIABLE: "PACK"}),
    ],
)
def test_a_city_is_chosen_before_or_behind_the_command_or_in_the_environment(words, environment, pack, tmp_path):
    change(pack / DISTRICTS_FILE, 3, "LAND AREA", "281.5")
    words = [word.replace("PACK", str(pack)) for word in words]
    done = call(tmp_path, *words, **{name: str(pack) for name in environment})
    assert done.returncode == 0, done.stderr
    assert "101,281.5,151," in (tmp_path / "jinan.mdl").read_text(encoding="utf-8")


def test_a_faulty_pack_stops_every_command_with_its_faults_and_no_traceback(pack, tmp_path):
    change(pack / CONSTANTS_FILE, 3, "grade", "F")
    done = call(tmp_path, "list", "targets", "--city", str(pack), "--language", "en")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "jinan/constants.csv cannot be used:\n * row 3, grade: 'F' is not a grade A-E\n"


def test_a_model_is_built_where_the_cache_folder_takes_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "file" / "below"))
    assert kept_file("town.mdl", "{UTF-8}\n").read_text(encoding="utf-8") == "{UTF-8}\n"
