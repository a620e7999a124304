"""The scenarios and targets that a new pack starts with: the policies of 2020, and measures of no city's plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from calibration.cities.numbers import Number

#: Measures without a size of their own city: constant, path, unit and what they are.
_BY_RATE: Final = (
    ("EASE OF SETTLEMENT", {2020: "default", 2025: 1.0}, "Dmnl", "hidden hurdles to settling are cleared"),
    ("RURAL RIGHTS RETENTION", {2020: "default", 2025: 0.95}, "Dmnl", "rural rights of those who settle are kept"),
    ("SETTLEMENT PROCESSING TIME", {2020: "default", 2025: 1.5}, "Year", "registering is made simpler"),
    ("DISTRICT COST SHARE", {2020: "default", 2025: 0.5}, "Dmnl", "the cost of settling is shared between levels"),
    (
        "CAPITAL BUDGET FOR SERVICES",
        {2020: "default", 2022: 0.14},
        "Dmnl",
        "more places in schools, care and hospitals",
    ),
    ("LAND REVENUE FOR AGRICULTURE", {2020: "default", 2025: 0.1}, "Dmnl", "the state's rule for 2025"),
    ("URBAN VILLAGE RENEWAL RATE", {2020: "default", 2022: 0.5}, "1/Year", "urban villages are renewed"),
)
#: Measures so many times the city's own size of 2020.
_BY_SIZE: Final = (
    ("AFFORDABLE RENTAL STARTS", 3.0, "dwelling/Year", "rental homes for new citizens"),
    ("SKILLS TRAINING", 2.0, "person/Year", "training of rural movers"),
)
_SERVICES: Final = {
    "childcare": 0.8, "preschool": 0.95, "primary": 1.0, "junior secondary": 1.0, "hospital beds": 1.0,
    "elder care beds": 0.9,
}  # fmt: skip


def scenario_files(en: str, zh: str, numbers: Mapping[str, Number], rate: float) -> dict[str, str]:
    """Content of the two scenarios that every pack has; `rate` is the urban share of residents of 2020."""
    assumed = "measure of the state's plan of new urbanization"
    baseline: dict[str, Any] = {
        "name": "baseline",
        "title": {"zh": "基准情景", "en": "Baseline"},
        "question": {
            "zh": f"如果2020年的政策一直不变，{zh}会怎样？",
            "en": f"If the policies of 2020 go on unchanged, what becomes of {en}?",
        },
        "base": None,
        "changes": {},
        "expect": [
            {"variable": "resident urbanization rate", "year": 2035, "at least": round(rate - 0.03, 2)},
            {"variable": "resident urbanization rate", "never above": 1.0},
            {"variable": "registered urbanization rate", "never above": 1.0},
        ],
    }
    changes: dict[str, Any] = {}
    for name, path, unit, words in _BY_RATE:
        changes[name] = {"path": path, "unit": unit, "source": f"{assumed}: {words}; the size is an assumption"}
    changes["PERMIT ENTITLEMENT"] = {
        "by": {service: {2020: "default", 2025: share} for service, share in _SERVICES.items()},
        "unit": "Dmnl",
        "source": f"{assumed}: services for all residents; the shares below 1 are assumptions",
    }
    for name, factor, unit, words in _BY_SIZE:
        value = float(f"{numbers[name].values[0] * factor:.3g}")
        changes[name] = {
            "path": {2020: "default", 2022: value},
            "unit": unit,
            "source": f"{assumed}: {words}; {factor:g} times the number of 2020 is an assumption",
        }
    plan: dict[str, Any] = {
        "name": "plan",
        "title": {"zh": "规划情景", "en": "The plan"},
        "question": {
            "zh": f"新型城镇化的各项措施都落实，{zh}会怎样？",
            "en": f"If the measures of new urbanization are carried out, what becomes of {en}?",
        },
        "base": "baseline",
        "changes": changes,
        "expect": [
            {"variable": "registered urbanization rate", "year": 2035, "is": "above baseline"},
            {"variable": "target service coverage of unregistered", "year": 2025, "is": "above baseline"},
        ],
    }
    note = "# Made by `city new`: no plan of the city has been read. Replace sizes by those of its own plan.\n"
    return {
        "scenarios/baseline.yaml": "# The policies of 2020 go on: no constant is changed.\n" + _dump(baseline),
        "scenarios/plan.yaml": note + _dump(plan),
    }


#: Guidance of the shared levers that speaks of the plan of the city that they were written for.
_GUIDANCE: Final = {
    "PERMIT ENTITLEMENT": {
        "zh": "国家要求逐步缩小差距；1表示完全相同。权益提高会降低落户的吸引力。",
        "en": "The state wants the gap closed; 1 is equal. More for permit holders makes settling less of a gain.",
    },
    "UNIVERSITY PLACES": {
        "zh": "2035年以前增长一成至两成较为现实。",
        "en": "A rise by a tenth or two by 2035 is realistic.",
    },
    "WEIGHT OF RESIDENT POPULATION": {
        "zh": "国家要求逐步提高；1表示完全按常住人口。",
        "en": "The state wants it raised; 1 counts residents only.",
    },
    "RURAL RIGHTS RETENTION": {
        "zh": "国家规定不得以退出权益作为落户条件。",
        "en": "The state forbids giving them up as a condition of settling.",
    },
}
#: Levers counted in what grows with a city: they may be moved as far as its constants go.
_OF_SIZE: Final = (
    "AFFORDABLE RENTAL STARTS",
    "BASE LAND QUOTA",
    "SKILLS TRAINING",
    "COUNTY TOWN PROGRAMME",
    "SEWAGE CAPACITY PROGRAMME",
    "GREEN LAND PROGRAMME",
)
#: Levers of what only some cities have.
_ABSENT: Final = ("START UP AREA BUILD RATE",)


def levers_text(en: str, highest: Mapping[str, float | None]) -> str:
    """Return what differs from the shared levers in a city whose plan has not been read.

    Parameters
    ----------
    en
        The city's name.
    highest
        The upper limits of its constants, by name.
    """
    head = (
        f"# Levers of {en} that differ from scenarios/levers.yaml: no plan of the city has been read, so guidance\n"
        "# names the state's rules; ranges grow with the city; a lever is absent where it could move nothing.\n"
    )
    levers: dict[str, Any] = {name: {"highest": highest[name]} for name in _OF_SIZE}
    levers |= {name: {"guidance": dict(words)} for name, words in _GUIDANCE.items()}
    return head + _dump({"levers": levers, "absent": [*_ABSENT]})


def targets_text(en: str, rate: float, registered: float, ratio: float) -> str:
    """Return the targets that a pack starts with: questions of this project's own until the city's are entered."""
    head = (
        f"# Targets of {en}: no plan of the city has been read. These are milestones of this project's own, to be\n"
        "# replaced by the plan's; the form is that of cities/jinan/targets.yaml.\n"
    )
    entries = []
    for year, points in ((2025, 0.04), (2035, 0.1)):
        for kind, start, zh, words in (
            ("resident", rate, "常住人口城镇化率", "resident urbanization rate"),
            ("registered", registered, "户籍人口城镇化率", "registered (hukou) urbanization rate"),
        ):
            more = points if kind == "resident" else 1.5 * points
            threshold = round(100 * min(start + more * (1 - start) / 0.3, 0.97), 1)
            entries.append(
                {
                    "id": f"target.urbanization.{kind}.{year}",
                    "title": {"zh": f"{zh}（参考值）", "en": f"{words} (milestone)"},
                    "section": "none",
                    "scope": "core",
                    "year": year,
                    "threshold": threshold,
                    "comparison": "at least",
                    "unit": "percent",
                    "variable": f"target {kind} urbanization rate",
                    "factor": 1,
                    "headline": True,
                    "definition": {
                        "zh": "2020年水平加上与首个城市规划相近的步伐；不是该市规划目标。",
                        "en": "The level of 2020 and a pace like that of the first city's plan; no target of the city.",
                    },
                }
            )
    entries.append(
        {
            "id": "target.service_coverage_unregistered.2025",
            "title": {
                "zh": "基本公共服务覆盖未落户常住人口（参考值）",
                "en": "basic public services reach residents without local registration (milestone)",
            },
            "section": "none",
            "scope": "core",
            "year": 2025,
            "threshold": 100,
            "comparison": "at least",
            "tolerance": 1,
            "unit": "percent",
            "variable": "target service coverage of unregistered",
            "factor": 1,
            "headline": True,
            "definition": {
                "zh": "未落户常住人口实际享有的基本公共服务占其需求的比例，按服务加权；达到99%算达到。",
                "en": "What residents without local registration receive of basic services, as a share of their need.",
            },
        }
    )
    entries.append(
        {
            "id": "target.income_ratio.2035",
            "title": {
                "zh": "城乡居民收入比（参考值）",
                "en": "urban rural income ratio (milestone)",
            },
            "section": "none",
            "scope": "core",
            "year": 2035,
            "threshold": round(0.92 * ratio, 2),
            "comparison": "at most",
            "unit": "ratio",
            "variable": "target income ratio",
            "factor": 1,
            "headline": True,
            "definition": {
                "zh": "城镇与农村居民人均可支配收入之比，比2020年低8%。",
                "en": "Urban over rural disposable income per head, eight percent below that of 2020.",
            },
        }
    )
    return head + _dump(entries)


def _dump(content: Any) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=140)
