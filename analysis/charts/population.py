"""Charts of residents: by registration group over time, and by age."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from analysis.charts import findings
from analysis.charts.frame import band_note, frame_chart, label_axes, quantity
from analysis.charts.labels import label_right
from analysis.charts.marks import elements_of
from analysis.charts.material import Material
from analysis.charts.record import begin_with_record, draw_record, record, record_note
from analysis.charts.style import BLACK, DASHES, PART_COLOURS, Size, chart_style, darken
from analysis.outcome.ensembles import has_members, quantile
from analysis.outcome.words import element_name, unit_name, unit_size, word

AGE_BAND = 5
PYRAMID_YEARS = (2020, 2025, 2035)


def population_by_group(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw residents by registration group as stacked areas."""
    with chart_style():
        figure = Figure(figsize=canvas or (9.5, 5.2), layout="constrained")
        ax = figure.subplots()
        size = label_axes(ax, "residents", "people", language)
        groups = quantile(material.runs[scenario]["residents by group"], 0.5) / size
        total = material.runs[scenario]["residents"] / size
        names = elements_of(groups, "Group")
        ax.stackplot(groups["time"], groups.transpose("Group", "time"), colors=PART_COLOURS, alpha=0.85)
        ends = groups.isel(time=-1).to_numpy()
        labels = [
            (element_name(name, language), middle, darken(colour))
            for name, middle, colour in zip(names, np.cumsum(ends) - ends / 2, PART_COLOURS, strict=False)
        ]
        if has_members(total):
            for level in (0.05, 0.95):
                ax.plot(total["time"], quantile(total, level), color=BLACK, lw=1, ls=DASHES[1])
            labels.append((word("labels", "total band", language), float(quantile(total, 0.95)[-1]), BLACK))
        gap = groups.isel(time=-1).sum().item() * 0.055
        label_right(ax, labels, gap)
        ax.margins(x=0)
        ax.set_ylim(bottom=0)
        draw_record(ax, record("residents"), size)
        begin_with_record(ax)
        notes = band_note(material, "stacked medians", language), word("labels", record_note(), language)
        told = {
            quantity(word("labels", "residents", language), "people", language): total,
            quantity(element_name(names[0], language), "people", language): groups.isel(Group=0),
        }
        finding = findings.course(told, language)
        frame_chart(figure, material, "population_by_group", language, scenario, *notes, finding=finding)
        return figure


def age_profile(
    material: Material, scenario: str, language: str, canvas: Size | None = None, elders: xr.DataArray | None = None
) -> Figure:
    """Draw residents by age band and group in three years; one-sided, as the model has no sexes.

    `elders` is the share of residents of 60 and over by member, where it is known: medians by age do not add up to it.
    """
    with chart_style():
        figure = Figure(figsize=canvas or (11, 6), layout="constrained")
        population = quantile(material.runs[scenario]["Population"], 0.5).sum("District")
        bands = _age_bands(population) / unit_size("people", language)
        axes = figure.subplots(1, len(PYRAMID_YEARS), sharex=True, sharey=True)
        for ax, year in zip(axes, PYRAMID_YEARS, strict=True):
            now = bands.sel(time=year)
            left = np.zeros(now.sizes["band"])
            for name, colour in zip(elements_of(now, "Group"), PART_COLOURS, strict=False):
                part = now.sel(Group=name).to_numpy()
                ax.barh(now["band"], part, left=left, height=0.9, color=colour, label=element_name(name, language))
                left += part
            ax.set_title(str(year))
            ax.set_xlabel(unit_name("people", language))
            ax.grid(axis="y", visible=False)
        axes[0].set_ylabel(word("labels", "age", language))
        axes[0].tick_params(axis="y", labelsize=8)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
        notes = word("labels", "one sided", language), band_note(material, "stacked medians", language)
        if elders is None:
            people = material.runs[scenario]["Population"].sel(time=list(PYRAMID_YEARS)).sum(["District", "Group"])
            elders = people.isel(Age=slice(60, None)).sum("Age") / people.sum("Age")
        finding = findings.elders(elders, PYRAMID_YEARS, language)
        frame_chart(figure, material, "age_profile", language, scenario, *notes, finding=finding)
        return figure


def _age_bands(population: xr.DataArray) -> xr.DataArray:
    """Sum single ages into bands of five years, the last one open."""
    ages = np.arange(population.sizes["Age"])
    last = int(ages[-1])
    names = [
        f"{first}+" if first == last else f"{first}-{first + AGE_BAND - 1}" for first in range(0, last + 1, AGE_BAND)
    ]
    band = xr.DataArray(np.array(names)[ages // AGE_BAND], dims="Age", name="band")
    return population.groupby(band).sum().sel(band=names)
