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
#: What a district's people, land and money have to do with each other.
CIRCLE = (
    Panel("settled", "settled by district", "people a year"),
    Panel("brings", "gain of a settled person", "yuan a person"),
    Panel("costs", "cost of a settled person", "yuan a person"),
    Panel("readiness", "district readiness", "readiness"),
)
#: Which share of what is planned the budget funds.
FUNDED = ("Capital Funded Share", "Other Spending Share")
SCHOOLS = ("childcare", "preschool", "primary", "junior secondary")
#: Every variable that a chart reads.
VARIABLES = (
    *(panel.variable for panels in COMPARISONS.values() for panel in panels),
    *(panel.variable for panel in (*INDICATORS, *CIRCLE)),
    "Population",
    "residents by group",
    "service need in city",
    "service capacity in city",
    "land supplied by source",
    "built up area",
    "URBAN DEVELOPMENT BOUNDARY",
    "resident urbanization rate by district",
    "residents by district",
    "Resident Rate Account",
    "Registered Rate Account",
    "AWARD PER SETTLED PERSON",
    "capacity completed",
    "homes sold",
    "mean house price",
    "unsold homes in years of sales",
    "NORMAL UNSOLD TIME",
    "land sale revenue",
    "budget revenue",
    "transfers received",
    "committed spending",
    "land income for capital",
    "Municipal Debt",
    "DEBT CEILING",
    "total public income",
    *FUNDED,
    "Willing To Settle",
    "settled by district and group",
    "changes of mind",
    "willingness to settle",
    "newcomers",
)
#: Variables by district of which a chart needs every member, as it adds districts up or takes one from another.
BY_MEMBER = (
    *(panel.variable for panel in CIRCLE),
    "Willing To Settle",
    "settled by district and group",
    "changes of mind",
)
