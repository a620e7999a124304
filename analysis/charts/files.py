"""Charts as PNG files, whole or not at all."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from analysis.charts.style import chart_style
from analysis.outcome.words import LANGUAGES
from model.engine.children import end_with_parent
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


def draw_in_processes(draw: Callable[..., Path], material: object, charts: Iterable[tuple[Any, ...]]) -> Iterator[Path]:
    """Draw charts in two processes with `draw(material, *chart)`, and yield each file once it is written.

    The material is sent once to each process, as it is large.
    """
    # Processes are started afresh: a copy of this one might hold a lock of a thread that is not in the copy.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), _remember, (material,)) as pool:
        tasks = [pool.submit(_draw_there, draw, chart) for chart in charts]
        try:
            for task in as_completed(tasks):
                yield task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_MATERIAL: list[object] = []


def _remember(material: object) -> None:
    end_with_parent()
    _MATERIAL[:] = [material]


def _draw_there(draw: Callable[..., Path], chart: tuple[Any, ...]) -> Path:
    return draw(_MATERIAL[0], *chart)
