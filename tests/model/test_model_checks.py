"""`check` notices a model that leaves what is possible when a constant is at an end of its range."""

from __future__ import annotations

import pytest

from model.checks import check_extremes, check_units

TOWN = """{UTF-8}
Homes= INTEG (built - lost, 100)
  ~ home [0,?]
  ~ 住房。 Homes. Source: for tests. Grade: E |
built= BUILT EACH YEAR
  ~ home/Year
  ~ 建成。 Homes built. Source: for tests. Grade: E |
lost= LOST EACH YEAR
  ~ home/Year
  ~ 拆除。 Homes lost whether or not there are any. Source: for tests. Grade: E |
share of land= Homes / LAND
  ~ Dmnl [0,1]
  ~ 占地。 Share of the land built on. Source: for tests. Grade: E |
BUILT EACH YEAR= 5
  ~ home/Year [BUILT]
  ~ 年建成。 Built each year. Source: for tests. Grade: E |
LOST EACH YEAR= 2
  ~ home/Year [LOST]
  ~ 年拆除。 Lost each year. Source: for tests. Grade: E |
LAND= 1000
  ~ home [LAND]
  ~ 土地。 Homes that the land takes. Source: for tests. Grade: E |
INITIAL TIME= 0 ~ Year ~ 始。 Start. |
FINAL TIME= 10 ~ Year ~ 终。 End. |
TIME STEP= 0.5 ~ Year ~ 步。 Step. |
SAVEPER= 1 ~ Year ~ 存。 Saved. |
"""
SAFE = {"BUILT": "0,10", "LOST": "0,9", "LAND": "500,2000"}


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ({}, []),
        ({"LOST": "0,20"}, ["Homes falls below 0, to -50, with LOST EACH YEAR = 20"]),
        ({"BUILT": "0,200"}, ["share of land rises above 1, to 2.08, with BUILT EACH YEAR = 200"]),
        ({"LAND": "0,2000"}, ["share of land is not finite with LAND = 0"]),
    ],
)
def test_what_leaves_its_limits_is_named_with_the_constant_that_drives_it(ranges, expected, tmp_path):
    text = TOWN
    for name, ends in {**SAFE, **ranges}.items():
        text = text.replace(f"[{name}]", f"[{ends}]")
    path = tmp_path / "town.mdl"
    path.write_text(text, encoding="utf-8")
    found = check_extremes(path)
    assert [each for each in found if "falls below 0, to -" not in each or "Homes" in each] == expected


def test_a_model_without_limits_has_nothing_to_leave(tmp_path):
    path = tmp_path / "town.mdl"
    text = TOWN.replace(" [0,?]", "").replace(" [0,1]", "")
    for name, ends in SAFE.items():
        text = text.replace(f"[{name}]", f"[{ends}]")
    path.write_text(text, encoding="utf-8")
    assert check_extremes(path) == []


SHELVES = """{UTF-8}
Shelf: low, high ~~|
Books[Shelf]= INTEG (bought[Shelf] - lent[Shelf], 10)
  ~ book [0,?]
  ~ 书。 Books. Source: for tests. Grade: E |
bought[Shelf]= PURCHASES[Shelf]
  ~ book/Year
  ~ 购书。 Books bought. Source: for tests. Grade: E |
lent[Shelf]= LOANS[Shelf]
  ~ book/Year
  ~ 借书。 Books lent for good. Source: for tests. Grade: E |
Books Account= INTEG (SUM(PURCHASES[Shelf!]) - LOANS[low] - 1, 20)
  ~ book
  ~ 账。 What there should be. Source: for tests. Grade: E |
books balance error= (SUM(Books[Shelf!]) - Books Account) / 1000
  ~ Dmnl
  ~ 误差。 Must be 0. Source: for tests. Grade: E |
PURCHASES[Shelf]= 2, 2
  ~ book/Year [0,4]
  ~ 年购书。 Bought each year. Source: for tests. Grade: E |
LOANS[Shelf]= 1, 1
  ~ book/Year [1,9]
  ~ 年借书。 Lent each year. Source: for tests. Grade: E |
SHARE[Shelf]= 0.5, 0.5
  ~ Dmnl [0,1]
  ~ 份额。 Shares that sum to one. Source: for tests. Grade: E |
INITIAL TIME= 0 ~ Year ~ 始。 Start. |
FINAL TIME= 2 ~ Year ~ 终。 End. |
TIME STEP= 0.5 ~ Year ~ 步。 Step. |
SAVEPER= 1 ~ Year ~ 存。 Saved. |
"""


def test_every_element_is_put_to_the_ends_of_its_range_and_balances_are_watched(tmp_path):
    path = tmp_path / "shelves.mdl"
    path.write_text(SHELVES, encoding="utf-8")
    found = check_extremes(path)
    # Lent from the high shelf, which the account forgets; from the low one alone only the books run out.
    assert "books balance error falls below -1e-09, to -0.016, with LOANS [high] = 9" in found
    assert "books balance error falls below -1e-09, to -0.016, with LOANS = 9" in found
    assert "Books falls below 0, to -4, with LOANS [low] = 9" in found
    assert not [line for line in found if "balance" in line and "LOANS [low]" in line]
    assert not [line for line in found if "SHARE" in line or "PURCHASES [low] = 4" in line]


def test_a_model_that_the_second_reader_cannot_read_is_a_problem_of_units(tmp_path):
    path = tmp_path / "cut.mdl"
    path.write_text("{UTF-8}\na= INTEG(", encoding="utf-8")
    (told,) = check_units(path)
    assert told.startswith("pysimlin cannot read cut.mdl: ")
