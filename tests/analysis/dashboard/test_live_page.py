"""The live page computes what the model computes, keeps users apart, and takes over only what `run` would accept."""

from __future__ import annotations

import asyncio
import io
import json
import os
import queue
import sys
import threading
import time
import zipfile
from html import unescape
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np
import pytest
import xarray as xr
import yaml
from bokeh.client import pull_session

from analysis.comparison.contributions import Comparison
from analysis.dashboard import briefings, serving
from analysis.dashboard.briefings import Briefings
from analysis.page.indicators import district_indicators, indicators
from analysis.dashboard.live_ensemble import PILOTS, LiveEnsemble, Outcome
from analysis.dashboard.page import Page
from analysis.dashboard.session import Question, Session, SharedEnsemble, Shown
from analysis.dashboard.state import (
    Setting,
    State,
    StateError,
    as_yaml,
    baseline_for,
    from_query,
    from_yaml,
    known_levers,
    moved,
    put_back,
    scenario_of,
    shipped,
    to_query,
)
from analysis.dashboard.statistics import bands, standings
from analysis.page.words import words
from analysis.dashboard.work_queue import Priority, WorkQueue
from analysis.outcome.shares import share_in_percent
from analysis.outcome.targets import evaluate_targets
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from model import load_model
from model.definition import variables_by_name
from scenarios import load_levers, load_scenario, load_targets

MEMBERS = 40
RATE = "target resident urbanization rate"
#: Seconds in which a computation of a few members must have come back on a busy machine.
PATIENCE = 240


@pytest.fixture(scope="module")
def targets():
    return list(load_targets().values())


@pytest.fixture(scope="module")
def live(targets):
    outputs = [*indicators(targets), *district_indicators()]
    return LiveEnsemble(load_model(), read_members(MEMBERS), outputs)


@pytest.fixture(scope="module")
def baseline(live):
    return live.complete(shipped("baseline"))


@pytest.fixture(scope="module")
def shared(live, baseline):
    shared = SharedEnsemble(live)
    shared.keep(baseline)
    return shared


def test_all_members_come_to_what_the_model_alone_makes_of_them(live):
    plan = load_scenario("plan")
    found = live.complete(plan)
    run = live.model.run(plan.settings(live.members), outputs=list(live.outputs))
    for name in live.outputs:
        np.testing.assert_array_equal(live.series(found, name), run[name].transpose("run", "time", ...).to_numpy())


@pytest.mark.parametrize(
    "setting", [Setting("plan"), Setting("baseline", {"START UP AREA BUILD RATE": 12.0, "BASE LAND QUOTA": 30.0})]
)
def test_the_estimate_moves_the_bands_to_within_a_tenth_of_their_width(live, baseline, setting):
    # Half a year's step and eight pilots leave less than a tenth of the 90 % band.
    scenario = scenario_of(setting)
    estimate, exact = live.preliminary(scenario, baseline), live.complete(scenario)
    assert not estimate.complete
    for name in (RATE, "target registered urbanization rate", "residents", "resident urbanization rate by district"):
        guessed, true = (bands(live, outcome, name)[:, 1:] for outcome in (estimate, exact))
        width = true[4] - true[0]
        assert (np.abs(guessed - true) <= 0.1 * width).mean() > 0.95, name
    moved_by = np.abs(bands(live, baseline, RATE) - bands(live, exact, RATE)).max()
    missed_by = np.abs(bands(live, estimate, RATE) - bands(live, exact, RATE)).max()
    assert missed_by < moved_by / 4


def test_pilots_are_exact_in_the_estimate(live, baseline):
    plan = load_scenario("plan")
    np.testing.assert_array_equal(live.preliminary(plan, baseline).values[:PILOTS], live.complete(plan).values[:PILOTS])


def test_probabilities_on_the_page_are_those_of_the_target_table(live, targets):
    scenario = scenario_of(Setting("plan"))
    run = live.model.run(scenario.settings(live.members), outputs=list(live.outputs))
    table = evaluate_targets([target for target in targets if target.modelled], {"plan": run}).set_index("target")
    found = standings(live, live.complete(scenario), targets)
    assert list(found) == list(table.index)
    for name, standing in found.items():
        row = table.loc[name]
        judged = standing.judged
        said = [judged.median, judged.low, judged.high, judged.probability]
        wanted = row[["median", "p05", "p95", "probability"]].to_numpy(dtype=float)
        np.testing.assert_allclose(said, wanted, rtol=1e-12, atol=1e-12)
        assert standing.odds == share_in_percent(judged.reached, MEMBERS)
    assert {standing.odds[0] for standing in found.values()} >= {"<", ">"}


class Watched:
    """A session whose reports are kept in order."""

    def __init__(self, shared: SharedEnsemble, reference: Outcome) -> None:
        self.reports: queue.Queue[object] = queue.Queue()
        self.session = Session(
            shared, reference, self.reports.put, lambda _asked, found: self.reports.put(found), self.reports.put
        )

    def next(self) -> object:
        return self.reports.get(timeout=PATIENCE)

    def ask(self, setting: Setting, *, trace: bool = False) -> None:
        page = scenario_of(setting)
        roles = {"page": page, "baseline": baseline_for(page)}
        self.session.ask(roles, Question(roles["baseline"], page, RATE, 2025) if trace else None)


def test_a_move_shows_an_estimate_then_all_members_then_what_each_lever_did(shared, baseline):
    watched = Watched(shared, baseline)
    setting = Setting("baseline", {"TALENT SUBSIDY": 150_000.0, "BASE LAND QUOTA": 20.0})
    watched.ask(setting, trace=True)
    first, second, third = (watched.next() for _ in range(3))
    assert isinstance(first, Shown)
    assert not first.complete
    assert isinstance(second, Shown)
    assert second.complete
    np.testing.assert_array_equal(second.outcomes["page"].values, shared.live.complete(scenario_of(setting)).values)
    assert isinstance(third, Comparison)
    assert set(third.levers) == set(setting.changes)
    watched.ask(setting)
    again = watched.next()
    assert isinstance(again, Shown)
    assert again.complete


def test_a_changed_assumption_changes_the_baseline_too(shared, baseline):
    watched = Watched(shared, baseline)
    watched.ask(Setting("baseline", {"LONG RUN FERTILITY": 0.9, "TALENT SUBSIDY": 100_000.0}))
    reports = [watched.next() for _ in range(3)]
    last = reports[-1]
    assert isinstance(last, Shown)
    assert last.complete
    assert [change.constant for change in last.outcomes["baseline"].scenario.changes] == ["LONG RUN FERTILITY"]
    births = [bands(shared.live, outcome, "births in city")[2, -1] for outcome in (last.outcomes["baseline"], baseline)]
    assert births[0] < births[1]


def test_a_new_move_ends_the_work_of_the_one_before(shared, baseline):
    watched = Watched(shared, baseline)
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        go_on.wait(PATIENCE)

    shared.work_queue.ask(Priority.FIRST_REDRAW, hold)
    assert held.wait(PATIENCE)
    for quota in (21.0, 22.0, 23.0):
        watched.ask(Setting("baseline", {"BASE LAND QUOTA": quota}))
    go_on.set()
    shown = [watched.next(), watched.next()]
    changes = [report.outcomes["page"].scenario.changes for report in shown if isinstance(report, Shown)]
    assert [[(change.constant, change.value) for change in own] for own in changes] == [[("BASE LAND QUOTA", 23.0)]] * 2
    assert watched.reports.empty()


def wait(event):
    event.wait(PATIENCE)


def finish(order, done):
    order.append("traced")
    done.set()


def test_first_redraws_come_before_all_other_work_and_a_mistake_stops_nobody(capsys):
    work_queue, done = WorkQueue(), threading.Event()
    order: list[object] = []
    held = threading.Event()
    work_queue.ask(Priority.FIRST_REDRAW, lambda: wait(held))
    work_queue.ask(Priority.CONTRIBUTIONS, lambda: finish(order, done))
    work_queue.ask(Priority.ALL_MEMBERS, lambda: order.append(1 / 0))
    work_queue.ask(Priority.ALL_MEMBERS, lambda: order.append("all"))
    work_queue.ask(Priority.FIRST_REDRAW, lambda: order.append("first"))
    held.set()
    assert done.wait(PATIENCE)
    assert order == ["first", "all", "traced"]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_long_piece_of_work_lets_more_urgent_work_of_others_go_first():
    work_queue, begun, asked, done = WorkQueue(), threading.Event(), threading.Event(), threading.Event()
    order: list[str] = []

    def trace() -> None:
        begun.set()
        asked.wait(PATIENCE)
        work_queue.give_way(Priority.CONTRIBUTIONS)
        order.append("traced")

    work_queue.ask(Priority.CONTRIBUTIONS, trace)
    assert begun.wait(PATIENCE)
    work_queue.ask(Priority.CONTRIBUTIONS, lambda: finish(order, done))
    work_queue.ask(Priority.FIRST_REDRAW, lambda: order.append("first"))
    asked.set()
    assert done.wait(PATIENCE)
    assert order == ["first", "traced", "traced"]


# Writes what it was told into the folder it was told, as `brief` would.
WRITING = """
import sys, pathlib
scenario, language, folder = sys.argv[1:]
pathlib.Path(folder, "figures").mkdir(parents=True)
file = pathlib.Path(scenario)
pathlib.Path(folder, f"said_{language}.txt").write_text(file.read_text() if file.suffix else scenario)
"""


def briefing(program, name, text, results):
    """What a page is handed for a briefing that a program makes."""
    handed: queue.Queue[tuple[bytes, str]] = queue.Queue()
    command = [sys.executable, "-c", program]
    briefings = Briefings(lambda scenario, language, folder: [*command, scenario, language, str(folder)], results)
    briefings.ask(name, text, "zh", lambda content, problem: handed.put((content, problem)))
    return handed.get(timeout=PATIENCE)


@pytest.mark.parametrize(("name", "text", "told"), [("plan", None, "plan"), ("more", "name: more", "name: more")])
def test_a_briefing_is_of_the_scenario_asked_for_and_its_files_come_in_one(name, text, told, tmp_path):
    content, problem = briefing(WRITING, name, text, tmp_path)
    assert problem == ""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.namelist() == ["said_zh.txt"]
        assert packed.read("said_zh.txt").decode() == told
    assert briefing(WRITING, name, text, tmp_path)[0] == content
    assert not list(tmp_path.iterdir())


def test_a_briefing_that_fails_is_told_in_the_words_of_the_command(tmp_path):
    assert briefing("raise SystemExit('no such scenario')", "plan", None, tmp_path) == (b"", "no such scenario")


SETTINGS = [
    Setting("plan"),
    Setting("baseline", {"TALENT SUBSIDY": 90_000.0}),
    moved(Setting("plan"), "PERMIT ENTITLEMENT", "primary", 0.95, 2030),
    moved(moved(Setting(), "RENT SUBSIDY", None, 0.2, 2035), "PEOPLE LAND LINK", "Lixia", 1.0, None),
    Setting("low_fertility", {"UNREGISTERED RESIDENTS 2020": 1_300_000.0}),
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_comes_back_from_its_link_and_from_its_file(setting):
    state = State(
        setting, "en", "residents", "residents by district", "kept", 2030, 2035, {"kept": setting}, Evidence.TO_2020
    )
    assert from_query(to_query(state)) == (state, [])
    if setting.changes:
        assert from_yaml(as_yaml(setting, "mine").encode(), "mine.yaml") == ("mine", setting)


def test_a_saved_file_is_run_as_the_page_ran_it(tmp_path):
    setting = SETTINGS[2]
    path = tmp_path / "mine.yaml"
    path.write_text(as_yaml(setting, "mine"), encoding="utf-8")
    mine, page = load_scenario(path).settings(), scenario_of(setting).settings()
    assert list(mine) == list(page)
    for name, value in mine.items():
        xr.testing.assert_identical(xr.DataArray(value), xr.DataArray(page[name]))


def value_in(name: str, constant: str) -> Any:
    return next(change.value for change in shipped(name).changes if change.constant == constant)


def test_moving_one_part_keeps_the_other_parts_of_the_scenario():
    name = "PERMIT ENTITLEMENT"
    found = moved(Setting("plan"), name, "primary", 0.5, None).changes[name]
    assert found == {**value_in("plan", name), "primary": {2020.0: 0.42, 2025.0: 0.5}}


def test_a_path_is_shifted_whole_or_by_a_part_that_grows_and_stays_within_its_range():
    name = "AFFORDABLE RENTAL STARTS"
    plan = value_in("plan", name)
    lower = moved(Setting("plan"), name, None, 15_000.0, None).changes[name]
    assert lower == {year: value - 5_000 for year, value in plan.items()}
    later = moved(Setting("plan"), name, None, 15_000.0, 2030).changes[name]
    assert later == {2020.0: 41_000.0, 2025.0: 38_500.0, 2026.0: 17_000.0, 2030.0: 15_000.0, 2035.0: 15_000.0}
    highest = known_levers()[name].highest
    most: Any = moved(Setting("plan"), name, None, highest, None).changes[name]
    assert set(most.values()) == {highest}


def test_a_move_starts_from_the_path_of_a_loaded_file_and_back_again_is_that_path():
    own: Any = {2020.0: 0.1, 2024.0: 0.3, 2030.0: 0.2}
    _, setting = from_yaml(as_yaml(Setting("plan", {"RENT SUBSIDY": own}), "mine").encode(), "mine.yaml")
    there = moved(setting, "RENT SUBSIDY", None, 0.25, None)
    assert there.changes["RENT SUBSIDY"] == {2020.0: 0.15, 2024.0: 0.35, 2030.0: 0.25}
    assert moved(there, "RENT SUBSIDY", None, 0.2, 2035).changes == setting.changes
    assert put_back(there, "RENT SUBSIDY") == Setting("plan")


def levers_of_the_plan() -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for change in shipped("plan").changes:
        value: Any = change.value
        parts = list(value) if isinstance(value, dict) and all(isinstance(key, str) for key in value) else [None]
        found += [(change.constant, part) for part in parts]
    return found


@pytest.fixture(scope="module")
def few(targets):
    """A handful of members: what one lever does to a median does not hang on how many there are."""
    return LiveEnsemble(load_model(), read_members(6), [*indicators(targets), *district_indicators()])


def headlines(live, setting, targets):
    outcome = live.complete(scenario_of(setting))
    found = standings(live, outcome, [target for target in targets if target.headline])
    return outcome.values, np.array([standing.judged.median for standing in found.values()])


def test_a_small_move_of_any_lever_of_the_plan_does_little_and_back_again_is_the_plan_to_the_bit(few, targets):
    plan = Setting("plan")
    values, medians = headlines(few, plan, targets)
    levers = levers_of_the_plan()
    assert len(levers) > len(shipped("plan").changes) > 15
    for constant, part in levers:
        lever = known_levers()[constant]
        value: Any = value_in("plan", constant)
        path = value[part] if part else value
        end = path[max(path)] if isinstance(path, dict) else path
        step = (lever.highest - lever.lowest) / 100
        near = end - step if end - step >= lever.lowest else end + step
        for pace in (None, 2030):
            there = moved(plan, constant, part, near, pace)
            assert moved(there, constant, part, end, None) == plan, constant
            if pace is None:
                # The most is 2,000 of 120,000 talents a year, which is a sixtieth of them.
                change = np.abs(headlines(few, there, targets)[1] / medians - 1).max()
                assert change < 0.02, (constant, part)
    back = moved(moved(plan, "EASE OF SETTLEMENT", None, 0.5, None), "EASE OF SETTLEMENT", None, 1.0, None)
    np.testing.assert_array_equal(headlines(few, back, targets)[0], values)


def test_a_saved_move_run_from_its_file_gives_the_numbers_of_the_page(few, tmp_path):
    setting = moved(moved(Setting("plan"), "TALENT SUBSIDY", None, 90_000.0, 2030), "RENT SUBSIDY", None, 0.2, None)
    path = tmp_path / "mine.yaml"
    path.write_text(as_yaml(setting, "mine"), encoding="utf-8")
    run = few.model.run(load_scenario(path).settings(few.members), outputs=list(few.outputs))
    page = few.complete(scenario_of(setting))
    for name in few.outputs:
        np.testing.assert_array_equal(few.series(page, name), run[name].transpose("run", "time", ...).to_numpy())


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("changes=%7B%22TALENT+SUBSIDY%22%3A-1%7D", "outside 0 to 200000"),
        ("changes=%7B%22TALENT+SUBSIDY%22%3Anull%7D", "not a number"),
        ("changes=%7B%22TALENT+SUBSIDY%22%3ANaN%7D", "not a finite number"),
        ("changes=%7B%22TALENT%22%3A1%7D", "Not a constant of the model"),
        ("changes=%5B1%5D", "damaged"),
        ("changes=%7B", "damaged"),
        ("base=..%2F..%2Fsecret", "no scenario"),
        ("changes=" + 5000 * "%5B", "damaged"),
        ("saved=%7B%22a%2Fb%22%3A%5B%22plan%22%2C%7B%22TALENT+SUBSIDY%22%3A1%7D%5D%7D", "damaged"),
        ("saved=%7B%22a%22%3A1%7D", "damaged"),
        ("saved=%7B%22baseline%22%3A%5B%22plan%22%2C%7B%7D%5D%7D", "damaged"),
        ("saved=%7B%22a%22%3A%5B%22plan%22%2C%7B%22TALENT+SUBSIDY%22%3A-1%7D%5D%7D", "outside 0 to 200000"),
        ("indicator=nothing", "no variable"),
        ("against=nothing", "not there"),
        ("colour=red", "does not know"),
        ("changes=" + quote(json.dumps({f"CONSTANT {number}": 1 for number in range(300)})), "at most 40"),
        ("changes=" + "1" * 50_000, "at most 30,000 are read"),
        ("saved=" + quote(json.dumps({f"a{number}": ["plan", {}] for number in range(60)})), "keeps 60 settings"),
    ],
)
def test_what_a_link_cannot_mean_is_told_and_left_out(query, told):
    state, problems = from_query(query)
    assert state == State()
    assert any(told in problem for problem in problems), problems


def test_a_file_with_mistakes_is_refused_with_all_of_them():
    content = yaml.safe_load(as_yaml(SETTINGS[1], "mine"))
    content["changes"]["TALENT SUBSIDY"]["value"] = 1e9
    content["changes"]["RENT"] = {"value": 1, "unit": "Dmnl", "source": "assumption"}
    with pytest.raises(StateError) as refusal:
        from_yaml(yaml.safe_dump(content).encode(), "mine.yaml")
    assert "outside 0 to 200000" in str(refusal.value)
    assert "'RENT' is not a constant of the model" in str(refusal.value)
    with pytest.raises(StateError, match=r"must end in \.yaml"):
        from_yaml(b"", "mine.txt")


def test_a_file_that_is_too_large_or_changes_too_much_is_refused():
    with pytest.raises(StateError, match="at most 60,000 are read"):
        from_yaml(b"# " + 70_000 * b"x", "mine.yaml")
    names = [
        (name, variable)
        for name, variable in variables_by_name().items()
        if variable.kind == "constant"
        and variable.default is not None
        and variable.default.ndim == 0
        and not variable.why_fixed
    ]
    content = yaml.safe_load(as_yaml(SETTINGS[1], "mine"))
    content["changes"] = {
        name: {"value": float(np.asarray(variable.default)), "unit": variable.unit, "source": "assumption: as it is"}
        for name, variable in names
    }
    with pytest.raises(StateError, match=f"{len(names)} constants are changed"):
        from_yaml(yaml.safe_dump(content).encode(), "mine.yaml")


@pytest.fixture(scope="module")
def served(shared, targets):
    """Where the page is served from a thread, and its server."""
    ready: queue.Queue[Any] = queue.Queue()

    def serve() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        port = serving.free_port("127.0.0.1", 0)
        briefings = Briefings(lambda *_: ["false"], Path("unused"))
        facts: dict[str, str] = {}
        both = {one: serving.Served(shared, facts | {"evidence": one}, briefings) for one in Evidence}
        site = serving.site(both, targets, "127.0.0.1", port)
        ready.put((site, port))
        site.server.start()
        site.server.io_loop.start()

    threading.Thread(target=serve, daemon=True).start()
    site, port = ready.get(timeout=PATIENCE)
    yield f"http://127.0.0.1:{port}", site.server
    site.server.io_loop.add_callback(site.server.io_loop.stop)


@pytest.fixture
def address(served):
    return served[0]


def test_a_page_that_closes_after_its_session_is_gone_leaves_no_error(served, caplog):
    address, server = served
    client = pull_session(url=address)
    lost, closed = threading.Event(), threading.Event()

    def lose_the_session() -> None:
        (connection,) = server._tornado._clients
        ends = connection._socket.on_close
        connection._socket.on_close = lambda: closed.set() if ends() is None else None
        connection.detach_session()
        lost.set()

    server.io_loop.add_callback(lose_the_session)
    assert lost.wait(PATIENCE)
    client.close()
    assert closed.wait(PATIENCE), caplog.text
    assert not server._tornado._clients
    assert "Uncaught exception" not in caplog.text


def html(url):
    with urlopen(url, timeout=PATIENCE) as answer:
        return unescape(answer.read().decode())


@pytest.mark.parametrize(("asked", "other"), [("", "2023"), ("&evidence=2020", "2023"), ("&evidence=2023", "2020")])
def test_a_page_says_what_its_members_have_seen_and_leads_to_the_other_ensemble(address, asked, other):
    page = html(f"{address}/?base=plan&language=en{asked}")
    shown = next(one for one in Evidence if one != other)
    assert f"calibrated with the record to {shown}" in page
    assert f"Use the record to {other}" in page
    # The setting goes along.
    assert f'href="?base=plan&language=en&evidence={other}"' in page


def test_a_link_to_evidence_that_is_not_there_is_told():
    assert "evidence '2021'; there is that of 2020 and 2023" in from_query("evidence=2021")[1][0]


def status(url, **headers):
    try:
        with urlopen(Request(url, headers=headers), timeout=PATIENCE) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_the_page_of_another_site_cannot_set_the_server_to_work(address, monkeypatch):
    made = []
    whole = Page.__init__

    def counted(*given: Any) -> None:
        made.append(given)
        whole(*given)

    monkeypatch.setattr(Page, "__init__", counted)
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert status(f"{address}/", **embedded) == 403
    assert status(f"{address}/autoload.js?bokeh-autoload-element=1") == 403
    assert status(f"{address}/autoload.js?bokeh-autoload-element=1", Origin="http://elsewhere.org") == 403
    assert made == []
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert status(f"{address}/", **followed) == 200
    assert status(f"{address}/") == 200
    assert len(made) == 2


@pytest.mark.parametrize("base", ["/etc/passwd", "mine.yaml", ["plan"]])
def test_a_loaded_file_has_no_other_file_opened(base):
    content = yaml.safe_load(as_yaml(SETTINGS[1], "mine")) | {"base": base}
    with pytest.raises(StateError, match="must be a shipped scenario"):
        from_yaml(yaml.safe_dump(content).encode(), "mine.yaml")


def test_a_file_that_starts_later_is_refused_and_never_moved_to_2021():
    content = yaml.safe_load(as_yaml(Setting("baseline", {"RENT SUBSIDY": 0.3}), "mine")) | {"starts": 2026}
    with pytest.raises(StateError, match=r"mine\.yaml starts in 2026, and the page moves levers from 2021 on"):
        from_yaml(yaml.safe_dump(content).encode(), "mine.yaml")


def test_the_page_has_words_for_every_lever_target_and_element_in_both_languages(targets):
    for language in ("zh", "en"):
        for lever in load_levers().values():
            assert str(lever.section)[0] in words()["chapters"]
            assert lever.unit in words()["units"]
        for entry in indicators(targets).values():
            assert entry.title[language]
            assert language in entry.unit
    said = [
        entry for kind in ("chapters", "assumptions", "units", "elements", "page") for entry in words()[kind].values()
    ]
    assert all(set(entry) == {"zh", "en"} for entry in said)


def test_what_a_killed_page_left_of_a_briefing_is_removed_but_nothing_that_may_be_in_use(tmp_path):
    for name in ("briefing_old", "briefing_new", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text("half", encoding="utf-8")
    long_ago = time.time() - 2 * briefings.LONGEST
    for name in ("briefing_old", "mine"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    briefings._remove_left(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"briefing_new", "mine"}
