"""What stands around axes: units, the title of a chart, how to read it and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from analysis.charts.material import Material
from analysis.charts.style import GREY, Size
from analysis.charts.wrapping import TITLE_INCHES, wrapped
from analysis.outcome.words import unit_name, unit_size, word
from calibration.fit.evidence import Evidence
from scenarios import Scenario

#: Letters of a note to those of a title on a line as wide: Chinese ones are as wide as they are high.
NOTES: Final = {"zh": 1.75, "en": 2.1}


def panel_grid(
    count: int, columns: int, margins: Size, panel: Size, canvas: Size | None = None
) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels in rows.

    Parameters
    ----------
    count, columns
        Panels, and how many stand beside each other.
    margins, panel
        Inches across and down of what is not panels, and of each panel.
    canvas
        Inches of the figure instead, if they are given.

    Examples
    --------
    >>> figure, axes = panel_grid(5, 3, (1, 1), (4, 3))
    >>> len(axes), figure.get_size_inches().tolist()
    (5, [13.0, 7.0])
    """
    rows = -(-count // columns)
    size = canvas or (margins[0] + panel[0] * columns, margins[1] + panel[1] * rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in axes[count:]:
        ax.remove()
    return figure, axes[:count]


def head_and_foot(figure: Figure, title: str, *notes: str) -> None:
    """Put a title above a chart and, below it, how to read it and where it comes from.

    Examples
    --------
    >>> head_and_foot(Figure(), "Housing", "Bars are medians.")
    """
    figure.suptitle(title, fontsize=13, x=0.01, ha="left")
    figure.supxlabel("\n".join(filter(None, notes)), fontsize=7, color=GREY, x=0.01, ha="left")


def source_line(term: str, facts: Mapping[str, str], language: str, **gaps: object) -> str:
    """Say which model and which members a chart is of.

    Parameters
    ----------
    term
        Label with the sentence, such as ``footer``.
    facts
        The manifest of the results; without fingerprints in a document, which states them once for all of its charts.
    language
        "zh" or "en".
    gaps
        What else the sentence names.
    """
    kind = "prior ensemble" if Evidence(facts["evidence"]).uncalibrated.exists() else "ensemble"
    if "model_hash" not in facts:
        basis = word("labels", f"{kind} in a document", language).format(**facts)
        return word("labels", f"{term} in a document", language).format(basis=basis, **gaps)
    kind = "one run" if facts["members"] == "1" else kind
    basis = word("labels", kind, language).format(**{name: facts[name] for name in ("members", "seed", "evidence")})
    known = {"model": facts["model_file"], "hash": facts["model_hash"], "basis": basis}
    return word("labels", term, language).format(**known, **gaps)


def title_with_hash(scenario: Scenario, language: str) -> str:
    """Return a scenario's title with the fingerprint of its content, as sources name it."""
    return f"{scenario.title[language]} ({scenario.hash})"


def frame_chart(
    figure: Figure,
    material: Material,
    name: str,
    language: str,
    scenario: str | None,
    *notes: str,
    finding: str = "",
    room: float = 1.0,
) -> None:
    """Put the title above a chart of runs and, below it, how to read it and where it comes from.

    `name` is the chart's in the words, `scenario` whose it is (None compares all), `finding` what the chart shows in a
    sentence; empty notes are left out. `room` is the share of the width that a legend beside it leaves the sentence.
    """
    title, shown = word("charts", name, language), word("labels", "all scenarios", language)
    if scenario is not None:
        title += " · " + material.scenarios[scenario].title[language]
        one = material.scenarios[scenario]
        shown = title_with_hash(one, language) if "model_hash" in _manifest(material) else one.title[language]
    footer = source_line("footer", _manifest(material), language, scenario=shown)
    frame_figure(figure, title, finding, " ".join(filter(None, notes)), footer, language, room)


def frame_figure(
    figure: Figure, title: str, finding: str, note: str, source: str, language: str, room: float = 1.0
) -> None:
    """Put title and finding above a chart and how to read it and its source below, broken to the chart's width.

    `room` is the share of the width that a legend beside it leaves the finding.

    Examples
    --------
    >>> frame_figure(Figure(figsize=(6, 4)), "Housing", "Prices fall.", "Bars are medians.", "Source: none.", "en")
    """
    width = figure.get_figwidth() / TITLE_INCHES
    found = wrapped(finding, language, room * width * (1.2 if language == "en" else 1.0)) if finding else ""
    told, source = (wrapped(text, language, NOTES[language] * width) for text in (note, source))
    head_and_foot(figure, "\n".join(filter(None, (title, found))), told, source)


def band_note(material: Material, term: str, language: str) -> str:
    """Say what lines and bands stand for; nothing for a single run, which has no bands."""
    return "" if _manifest(material)["members"] == "1" else word("labels", term, language)


def quantity(label: str, unit: str, language: str) -> str:
    """Return words with the unit of an axis behind, without what the unit says beside itself.

    Examples
    --------
    >>> quantity("常住人口", "people", "zh"), quantity("Rent burden", "percent", "en")
    ('常住人口（万人）', 'Rent burden (percent)')
    """
    unit = unit_name(unit, language).partition("（")[0]
    return f"{label}（{unit}）" if language == "zh" else f"{label} ({unit})"


def _manifest(material: Material) -> Mapping[str, str]:
    return next(iter(material.facts.values()))


def label_axes(ax: Axes, label: str | None, unit: str, language: str) -> float:
    """Name an axis and its unit; return how many of the model's unit one of the axis stands for."""
    if label is not None:
        ax.set_title(word("labels", label, language), loc="left")
    ax.set_ylabel(unit_name(unit, language))
    ax.xaxis.set_major_locator(MultipleLocator(5))
    return unit_size(unit, language)
