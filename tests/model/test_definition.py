"""The model file is read as it is written, and says of every variable what it is and where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from model.definition import DefinitionError, Sector, Variable, model_hash, read_definition, read_sectors

LOOPS = ("R1", "R3", "R4", "B1", "B2", "B3", "B4", "B7", "B8")
# Reported, not read by any other variable; whatever is not here and not read is computed in vain.
INDICATORS = {
    "floor area per head",
    "floor area per head by district",
    "fiscal gap ratio",
    "general budget spending",
    "gross domestic product",
    "house price index",
    "job seekers per job",
    "land supplied by source",
    "large primary classes",
    "net registered migration",
    "places short",
    "price to income ratio",
    "registered births",
    "registered deaths",
    "rent burden",
    "resident urbanization rate by district",
    "residents by zone",
    "rural residents",
    "service capacity in city",
    "service need in city",
    "unsold homes in years of sales",
    "urban residents by zone",
}
HEADER = "***\n.People\n***~\nWho lives here.\n|\n"
EQUATION = "births= 1\n~ person/Year\n~ 出生。 Births. Source: none. Grade: E |\n"


def test_the_small_town_is_read_as_it_is_written(small_town):
    kinds = {name: variable.kind for name, variable in small_town.items()}
    assert kinds == {
        "District": "subscript",
        "Age": "subscript",
        "Older": "subscript",
        "Younger": "subscript",
        "Residents": "stock",
        "births": "flow",
        "deaths": "flow",
        "effect of crowding": "table",
        "INITIAL RESIDENTS": "constant",
        "BIRTHS PER RESIDENT": "constant",
        "LENGTH OF LIFE": "constant",
        "crowding": "auxiliary",
        "HOMES": "constant",
        "INITIAL TIME": "control",
        "FINAL TIME": "control",
        "TIME STEP": "control",
        "SAVEPER": "control",
    }


def test_a_comment_is_taken_apart(small_town):
    births = small_town["births"]
    assert births.term == "出生人数"
    assert births.meaning == "Children born, fewer when homes are crowded."
    assert births.sources == ("for tests", "Li 2019, p. 3")
    assert births.grade == "D"
    assert births.loops == ("B1", "R2")


def test_units_limits_and_dimensions_are_taken_apart(small_town):
    assert (small_town["Residents"].low, small_town["Residents"].high) == (0, None)
    assert (small_town["LENGTH OF LIFE"].unit, small_town["LENGTH OF LIFE"].high) == ("Year", 100)
    assert small_town["Younger"].elements == ("A0", "A1")
    assert small_town["births"].dims == ("District", "Age"), "two equations together cover every age"


def test_the_numbers_of_a_constant_are_read_in_its_shape(small_town):
    assert small_town["INITIAL RESIDENTS"].axes == (("North", "South"), ("A0", "A1", "A2"))
    np.testing.assert_array_equal(small_town["INITIAL RESIDENTS"].default, [[10, 20, 30], [11, 21, 31]])
    assert small_town["LENGTH OF LIFE"].default == 75
    assert small_town["crowding"].default is None


def test_links_are_read_from_the_equations(small_town):
    assert small_town["Residents"].inflows == ("births",)
    assert small_town["Residents"].outflows == ("deaths",)
    assert small_town["crowding"].uses == ("Residents", "HOMES")
    assert small_town["crowding"].numbers == (2.5,)
    assert small_town["HOMES"].numbers == ()


def test_sectors_keep_their_header_and_their_order(small_town_file):
    sectors = read_sectors(small_town_file)
    assert [sector.name for sector in sectors] == ["People", "Housing", "Control"]
    assert sectors[0].header.splitlines()[1] == "Owns:  Residents."
    assert [variable.name for variable in sectors[1].variables] == ["crowding", "HOMES"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no equation"),
        (HEADER + EQUATION + "deaths= 2 ~ person", "cut off: no '|' closes 'deaths= 2 ~ person'"),
        (HEADER + "births= 1 |\n", "line 6: 'births= 1' is not of the form"),
        (HEADER + EQUATION.replace("1", "1 +* 2"), "line 6: 'births= 1 +* 2' cannot be read"),
        (HEADER + EQUATION.replace("person/Year", "person/Year [0,many]"), "line 6: 'births= 1' cannot be read"),
        (HEADER + EQUATION.replace("1", "fertility * 2"), "'births' reads 'fertility', which the file does not define"),
        ("births= 1 |\ndeaths= |\n", "'births= 1' is not of the form.*\n.*'deaths=' is not of the form"),
    ],
)
def test_a_corrupt_file_is_refused_with_its_faults(tmp_path, text, message):
    path = tmp_path / "town.mdl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError, match=message.replace("|", r"\|").replace("+*", r"\+\*")):
        read_definition(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DefinitionError, match=r"town\.mdl cannot be read: No such file"):
        read_definition(tmp_path / "town.mdl")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "town.mdl"
    path.write_bytes(b"births= \xff\xfe ~ person ~ none |")
    with pytest.raises(DefinitionError, match="byte 8 is not UTF-8"):
        read_definition(path)


def _named_by_kind(variable: Variable) -> bool:
    name, word = variable.name, next(iter(variable.name.split()), "")
    if variable.kind == "constant":
        return name == name.upper()
    if variable.kind in ("stock", "subscript"):
        return word[:1].isupper() and name != name.upper()
    return variable.kind == "control" or name == name.lower()


def _values_in_range(variable: Variable) -> bool:
    if variable.kind != "constant" or variable.low is None or variable.high is None:
        return True
    default = variable.default
    return default is not None and bool(((variable.low <= default) & (default <= variable.high)).all())


#: Measured, with a nought that says which place is the district itself: no highest value is tried.
MEASURED = ("DISTANCE",)
RULES: dict[str, Callable[[Variable], bool]] = {
    "has a unit": lambda variable: variable.kind == "subscript" or variable.unit != "",
    "has a meaning": lambda variable: variable.meaning != "",
    "has a Chinese term": lambda variable: variable.term != "",
    "names its source": lambda variable: variable.sources != (),
    "has a grade": lambda variable: variable.grade != "",
    "has a range if it is a constant": lambda variable: (
        variable.kind != "constant"
        or variable.sector == "Derived tables"
        or variable.name in MEASURED
        or None not in (variable.low, variable.high)
    ),
    "has a default inside its range": _values_in_range,
    "is named after its kind": _named_by_kind,
    "hides no number in its formula": lambda variable: set(variable.numbers) <= {0, 1, 2},
    "stands under a sector header": lambda variable: variable.sector != "",
}

GOOD = Variable(
    name="BIRTHS PER RESIDENT",
    kind="constant",
    sector="People",
    unit="1/Year",
    low=0,
    high=0.1,
    dims=(),
    axes=(),
    elements=(),
    default=np.array(0.02),
    equation="BIRTHS PER RESIDENT= 0.02",
    comment="出生率。 Births per resident. Source: for tests. Grade: E",
    uses=(),
    inflows=(),
    outflows=(),
    numbers=(),
    line=1,
)
BREACHES = {
    "has a unit": replace(GOOD, unit=""),
    "has a meaning": replace(GOOD, comment="出生率。 Source: for tests. Grade: E"),
    "has a Chinese term": replace(GOOD, comment="Births per resident. Source: for tests. Grade: E"),
    "names its source": replace(GOOD, comment="出生率。 Births per resident. Source: . Grade: E"),
    "has a grade": replace(GOOD, comment="出生率。 Births per resident. Source: for tests. Grade: F"),
    "has a range if it is a constant": replace(GOOD, high=None),
    "has a default inside its range": replace(GOOD, low=0.03),
    "is named after its kind": replace(GOOD, name="births per resident"),
    "hides no number in its formula": replace(GOOD, numbers=(1, 2.5)),
    "stands under a sector header": replace(GOOD, sector=""),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_variable(variables, rule):
    offenders = [f"line {variable.line}: {variable.name}" for variable in variables if not RULES[rule](variable)]
    assert not offenders, f"not true that each of these {rule}: {offenders}"


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_catches_its_breach_and_passes_a_good_variable(rule):
    assert RULES[rule](GOOD)
    assert not RULES[rule](BREACHES[rule])


def upstream(name: str, uses: Mapping[str, Iterable[str]]) -> set[str]:
    """Everything that a variable depends on, itself included only when it closes a loop."""
    found: set[str] = set()
    waiting = list(uses[name])
    while waiting:
        read = waiting.pop()
        if read not in found:
            found.add(read)
            waiting += uses[read]
    return found


def open_links(variables: Iterable[Variable]) -> list[str]:
    """Links of named loops that state moves but that move nothing back: the loop does not close there."""
    table = {variable.name: variable for variable in variables}
    uses = {name: variable.uses for name, variable in table.items()}
    found = []
    for name, variable in table.items():
        sources = upstream(name, uses) if variable.loops else set()
        if name not in sources and any(table[source].kind == "stock" for source in sources):
            found.append(f"{name} ({', '.join(variable.loops)})")
    return found


def test_every_named_loop_has_at_least_two_links(variables):
    links = Counter(loop for variable in variables for loop in variable.loops if variable.kind != "constant")
    assert set(links) <= set(LOOPS), "a comment names a loop that the design does not know"
    assert {loop: links[loop] for loop in LOOPS if links[loop] < 2} == {}


def test_every_link_of_a_loop_feeds_back(variables):
    assert open_links(variables) == []


def test_a_loop_that_does_not_close_is_noticed(small_town):
    assert open_links(small_town.values()) == []
    deaf = replace(small_town["births"], uses=("BIRTHS PER RESIDENT",))
    assert "crowding (B1)" in open_links({**small_town, "births": deaf}.values())


def unused(variables: Iterable[Variable]) -> list[str]:
    """Variables that nothing reads, other than targets, checks of a balance and stocks that only pile up."""
    table = tuple(variables)
    used = {name for variable in table for name in variable.uses}
    return [
        variable.name
        for variable in table
        if variable.name not in used
        and variable.kind not in ("subscript", "control", "stock")
        and variable.sector != "Targets"
        and not variable.name.endswith("balance error")
        and not variable.name.endswith("account error")
    ]


def test_what_nothing_reads_is_an_indicator(variables):
    assert set(unused(variables)) == INDICATORS


def test_a_variable_that_nothing_reads_is_noticed(small_town):
    lonely = replace(GOOD, name="LONELY")
    assert unused([*small_town.values(), lonely]) == ["LONELY"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty folder for what is kept of model files."""
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _same(ours: tuple[Sector, ...], others: tuple[Sector, ...]) -> bool:
    """Whether sectors are equal, the numbers of constants included."""

    def numbers(sectors: tuple[Sector, ...]) -> list[object]:
        defaults = [variable.default for sector in sectors for variable in sector.variables]
        return [None if default is None else default.tolist() for default in defaults]

    return ours == others and numbers(ours) == numbers(others)


def test_a_model_file_is_parsed_once_and_kept_with_every_number(cache, small_town_file, monkeypatch):
    first = read_sectors(small_town_file)
    (kept,) = cache.iterdir()
    monkeypatch.setattr("model.parsing.parse_sectors", None)
    assert _same(read_sectors(small_town_file), first)
    assert [file.name for file in cache.iterdir()] == [kept.name]
    homes = next(v for sector in read_sectors(small_town_file) for v in sector.variables if v.name == "HOMES")
    assert homes.default is not None
    assert not homes.default.flags.writeable


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[: len(raw) // 2], lambda raw: raw.replace(b"40.0", b"41.0"), lambda _: b""]
)
def test_what_is_kept_is_made_anew_where_it_is_damaged(damage, cache, small_town_file):
    first = read_sectors(small_town_file)
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    assert b"40.0" in whole
    kept.write_bytes(damage(whole))
    assert _same(read_sectors(small_town_file), first)
    assert kept.read_bytes() == whole


def test_a_cache_that_cannot_be_written_to_is_done_without(tmp_path, monkeypatch, small_town_file):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "file"))
    assert len(read_sectors(small_town_file)) == 3


def test_the_fingerprint_follows_what_a_run_depends_on_and_not_comments(tmp_path, small_town_file):
    text = small_town_file.read_text(encoding="utf-8")
    before = model_hash(small_town_file)

    def changed(old: str, new: str) -> bool:
        assert old in text
        path = tmp_path / "town.mdl"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return model_hash(path) != before

    assert not changed("Children born", "Boys and girls born")
    assert not changed("Owns:  Residents.", "Owns: Residents and nothing else.")
    for old, new in (("LENGTH OF LIFE= 75", "LENGTH OF LIFE= 76"), ("2.5", "2.6"), ("[0,100]", "[0,101]")):
        assert changed(old, new)
