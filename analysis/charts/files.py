"""Charts as PNG files, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from analysis.charts.style import chart_style
from analysis.outcome.words import LANGUAGES
from model.files.atomic import replaced
from model.files.pictures import seal


def save(figure: Figure, path: Path, description: str) -> None:
    """Write one chart as PNG, with a text inside that says what it shows."""
    write_png(figure, path, {"Description": description})


def save_each(
    chart: Callable[[str], Figure], folder: Path, stem: str, description: Mapping[str, str] | Callable[[str], str]
) -> list[Path]:
    """Write a chart in each language, as ``STEM_LANGUAGE.png``.

    Parameters
    ----------
    chart
        Draws it in a language.
    folder, stem
        Where to, and the beginning of the files' names.
    description
        What stands inside the files: the manifest, or a function that describes the chart in a language.

    Returns
    -------
    list of Path
        The files.
    """
    files = [folder / f"{stem}_{language}.png" for language in LANGUAGES]
    for language, file in zip(LANGUAGES, files, strict=True):
        text = description(language) if callable(description) else repr(sorted(description.items()))
        save(chart(language), file, text)
    return files


def write_png(figure: Figure, path: Path, metadata: Mapping[str, str]) -> None:
    """Write a chart as PNG with text fields inside, and a checksum of it all."""
    with chart_style(), replaced(path) as partial:
        # Laid out here, as otherwise matplotlib would draw the whole figure once more only to lay it out.
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
            figure.set_layout_engine(None)
        figure.savefig(partial, metadata={"Software": None, **metadata})
        seal(partial)
