"""What a briefing rests on, computed: probabilities, contributions, bottlenecks, ages, grades."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import xarray as xr

from analysis.briefing import settling
from analysis.briefing.request import BriefingError
from analysis.charts.material import Material
from analysis.comparison.contributions import Comparison, compare
from analysis.comparison.study import shown_years
from analysis.outcome import ratios
from analysis.outcome.discrepancies import Discrepancy
from analysis.outcome.targets import evaluate_targets
from analysis.pages.answer import REGISTERED, RESIDENT
from analysis.reach.study import Reached, examine
from model.definition import variables_by_name
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import FIRST_DEADLINE, Scenario, Target

#: The two rates, which the answer is about: of the plan, and for who starts after its first deadline.
HEADLINES: Final = (RESIDENT, REGISTERED)
LATER_HEADLINES: Final = ("target.urbanization.resident.2035", "target.urbanization.registered.2035")
#: Contributions and reliefs change little from member to member, so fewer members give them well enough.
STUDY_MEMBERS: Final = 40
#: Orders of the levers that are sampled; the text states the standard error.
ORDERS: Final = 8
#: Up to so many changed levers all coalitions are run, which is no more than the orders come to.
EXACT_UP_TO: Final = 6
#: Ages at which a new broad age group begins, by the name of the group.
AGE_GROUPS: Final = {"children": (0, 15), "working": (15, 60), "elders": (60, 86)}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Evidence:
    """Everything that sections, pictures and results are made from."""

    scenario: Scenario
    baseline: Scenario
    #: Runs of all scenarios, as charts take them.
    material: Material
    targets: Mapping[str, Target]
    #: `analysis.outcome.targets.evaluate_targets` of all scenarios.
    table: pd.DataFrame
    #: Probabilities, bottlenecks and what relief brings: of the scenario, and the probabilities of the baseline, too.
    reached: Reached
    #: None where the scenario sets everything as the baseline does.
    comparison: Comparison | None
    #: People by broad age group, dims ``member, time, group``.
    ages: xr.DataArray
    #: `analysis.briefing.settling.settling_account` of the scenario.
    settling: xr.Dataset
    #: Why ratios that targets judge differ from the baseline.
    ratios: Sequence[ratios.Moved]
    #: Number of the model's constants by grade of their source.
    grades: Mapping[str, int]
    #: Facts from which all this can be made again.
    manifest: Mapping[str, str]

    @property
    def headlines(self) -> tuple[str, str]:
        """Targets of the resident and of the registered rate which the answer is about."""
        return headline_rates(self.scenario)

    @property
    def members(self) -> int:
        """Parameter sets that were run."""
        return int(self.manifest["members"])

    @property
    def run(self) -> xr.Dataset:
        """Results of the scenario."""
        return self.material.runs[self.scenario.name]


def headline_rates(scenario: Scenario) -> tuple[str, str]:
    """Return the targets of the resident and of the registered rate that a scenario can still move.

    Examples
    --------
    >>> from scenarios import load_scenario
    >>> headline_rates(load_scenario("plan"))
    ('target.urbanization.resident.2025', 'target.urbanization.registered.2025')
    """
    return HEADLINES if scenario.starts <= FIRST_DEADLINE else LATER_HEADLINES


def gather(
    city: CompiledModel | ReferenceModel,
    scenario: Scenario,
    material: Material,
    parameters: xr.Dataset,
    spreads: Mapping[str, Mapping[int, Discrepancy]] | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """Compute what a briefing on a scenario rests on, beyond the runs of the scenarios.

    Parameters
    ----------
    city
        The city model.
    scenario
        What the briefing is about.
    material
        Runs of this scenario, the baseline and those it is compared with, over the parameters.
    parameters
        Parameter sets of the calibrated ensemble, dim ``member``.
    spreads
        Discrepancy of target variables, as `analysis.reach.probability.reach` takes it.
    progress
        Called with the study, the number of runs done and of all.

    Raises
    ------
    BriefingError
        If there are fewer than two parameter sets, or the baseline is not among the runs.
    """
    report = progress or (lambda _study, _done, _of: None)
    if parameters.sizes["member"] < 2 or "baseline" not in material.runs:
        message = "A briefing states probabilities: it needs at least 2 members, and the baseline among the runs."
        raise BriefingError(message)
    targets = {target.id: target for target in material.targets}
    baseline = material.scenarios["baseline"]
    reached = examine(
        city,
        [target for target in material.targets if target.modelled],
        list({one.name: one for one in (baseline, scenario)}.values()),
        parameters,
        detailed=[scenario.name],
        spreads=spreads,
        progress=lambda done, of: report("limits", done, of),
    )
    wanted = dict.fromkeys(["Population", *settling.VARIABLES, *ratios.VARIABLES])
    beside = city.run(scenario.settings(parameters), outputs=list(wanted))
    other = ratios.parts(city, baseline, parameters)
    headlines = [targets[name] for name in headline_rates(scenario)]
    comparison = None
    if scenario.changes:
        comparison = compare(
            city,
            baseline,
            scenario,
            parameters.isel(member=slice(STUDY_MEMBERS)),
            [str(target.variable) for target in headlines],
            shown_years(scenario.starts),
            exact_up_to=EXACT_UP_TO,
            permutations=ORDERS,
            progress=lambda done, of: report("contributions", done, of),
        )
    return Evidence(
        scenario=scenario,
        baseline=baseline,
        material=material,
        targets=targets,
        table=evaluate_targets(material.targets, material.runs),
        reached=reached,
        comparison=comparison,
        ages=_broad_ages(beside["Population"]),
        settling=settling.settling_account(beside),
        ratios=ratios.moved(other, beside, material.targets),
        grades=Counter(
            str(variable.grade) for variable in variables_by_name().values() if variable.kind in ("constant", "table")
        ),
        manifest=_manifest(material, scenario),
    )


def _broad_ages(population: xr.DataArray) -> xr.DataArray:
    people = population.sum(["District", "Group"])
    groups = [people.isel(Age=slice(first, last)).sum("Age") for first, last in AGE_GROUPS.values()]
    ages: xr.DataArray = xr.concat(groups, "group").assign_coords(group=list(AGE_GROUPS))
    return ages.rename(run="member") if "run" in ages.dims else ages


def _manifest(material: Material, scenario: Scenario) -> dict[str, str]:
    """The facts of the scenario's run, with the fingerprints of all scenarios that the briefing speaks of."""
    # What is kept of a run says nothing of what is made from runs.
    facts = {name: fact for name, fact in material.facts[scenario.name].items() if name != "kept"}
    others = (f"{name} {run['scenario_hash']}" for name, run in material.facts.items())
    manifest = {**facts, "scenarios": ", ".join(others), "targets_hash": targets_hash(material.targets)}
    return manifest if material.boundaries is None else {**manifest, "boundaries": material.boundaries.hash}


def targets_hash(targets: Iterable[Target]) -> str:
    """Return twelve hexadecimal digits that change whenever a target does."""
    return hashlib.sha256(repr(list(targets)).encode()).hexdigest()[:12]
