"""The page of this model, its plan and its ensembles: everything read, compiled, and put into one text."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.outcome.files import joint_manifest
from analysis.page.content import changeable, content, outputs
from analysis.page.draws import draws
from analysis.page.writing import Engine, page
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from model import MODEL_FILE
from model.definition import BALANCES
from model.engine.web.web_model import compile_to_wasm, engine_script
from scenarios import load_scenarios, load_targets


def build_page(members: int, evidence: Sequence[Evidence], language: str = "zh") -> str:
    """Return the live page as the text of one HTML file.

    Parameters
    ----------
    members
        Members of each ensemble that the page runs.
    evidence
        The ensembles that it holds, the one that it opens with first.
    language
        In which it opens.

    Raises
    ------
    PageError
        If the page's libraries are missing, or it would be too large to send.
    EnsembleError
        If an ensemble cannot be read.
    """
    targets = list(load_targets().values())
    ensembles = {str(seen): read_members(members, seen) for seen in evidence}
    scenarios = load_scenarios(["baseline", "plan"])
    facts = {seen: joint_manifest(scenarios, drawn) for seen, drawn in ensembles.items()}
    model = compile_to_wasm(MODEL_FILE, outputs=outputs(targets), changeable=changeable(), balances=BALANCES)
    engine = Engine(engine_script(), model.wasm, model.description)
    known = content(targets, ensembles, facts)
    return page(known, engine, {str(seen): draws(seen, members) for seen in evidence}, language)
