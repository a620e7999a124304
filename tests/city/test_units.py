"""The model is dimensionally consistent, by a checker that is not ours."""

from __future__ import annotations

from model.checks import check_units
from model.definition import MODEL_FILE


def test_the_model_is_dimensionally_consistent():
    assert check_units() == []


def test_a_wrong_unit_is_noticed(small_town_file, tmp_path):
    text = small_town_file.read_text(encoding="utf-8")
    spoilt = tmp_path / "spoilt.mdl"
    spoilt.write_text(text.replace("person/home", "person/Year"), encoding="utf-8")
    assert check_units(small_town_file) == []
    assert any("crowding" in message for message in check_units(spoilt))


def test_a_wrong_unit_is_noticed_in_the_city_model_too(tmp_path):
    text = MODEL_FILE.read_text(encoding="utf-8")
    spoilt = tmp_path / "spoilt.mdl"
    spoilt.write_text(text.replace("~\tyuan/Year\n", "~\tyuan\n", 1), encoding="utf-8")
    assert check_units(spoilt) != []
