"""What charts show of a run: the variables of each panel, with label and unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """One set of axes that compares scenarios."""

    label: str
    variable: str
    unit: str


COMPARISONS: Mapping[str, tuple[Panel, ...]] = {
    "urbanization_rates": (
        Panel("resident rate", "target resident urbanization rate", "percent of the plan"),
        Panel("registered rate", "target registered urbanization rate", "percent of the plan"),
    ),
    "housing_burden": (
        Panel("price to income", "price to income ratio", "years of income"),
        Panel("rent burden", "rent burden", "percent"),
    ),
    "income_ratio": (Panel("income ratio", "target income ratio", "ratio"),),
    "fiscal_gap": (
        Panel("fiscal gap", "fiscal gap", "yuan a year"),
        Panel("fiscal gap ratio", "fiscal gap ratio", "percent"),
    ),
}
INDICATORS = (
    Panel("resident rate", "target resident urbanization rate", "percent of the plan"),
    Panel("registered rate", "target registered urbanization rate", "percent of the plan"),
    Panel("residents", "residents", "people"),
    Panel("births", "births in city", "people a year"),
    Panel("income ratio", "target income ratio", "ratio"),
    Panel("fiscal gap ratio", "fiscal gap ratio", "percent"),
)
LEDGER = (
    Panel("settled", "settled by district", "people a year"),
    Panel("quota", "linked quota earned", "km2 a year"),
    Panel("land", "land supplied", "km2 a year"),
    Panel("award", "settlement award by district", "yuan a year"),
    Panel("cost", "service cost of settled by district", "yuan a year"),
)
SCHOOLS = ("childcare", "preschool", "primary", "junior secondary")
#: Every variable that a chart reads.
VARIABLES = (
    *(panel.variable for panels in COMPARISONS.values() for panel in panels),
    *(panel.variable for panel in (*INDICATORS, *LEDGER)),
    "Population",
    "residents by group",
    "service need in city",
    "service capacity in city",
    "land supplied by source",
    "built up area",
    "URBAN DEVELOPMENT BOUNDARY",
    "resident urbanization rate by district",
    "Resident Rate Account",
    "Registered Rate Account",
)
#: Variables by district of which a chart needs every member.
BY_MEMBER = tuple(panel.variable for panel in LEDGER)
