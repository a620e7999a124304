"""The charts of a briefing as files: PNG for slides, SVG for the page."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.briefing.content import Briefing, Picture
from analysis.briefing.study import Evidence
from analysis.briefing.writing.slide_layout import picture_rooms
from analysis.charts import figures
from analysis.comparison import charts as comparison_figures
from analysis.reach import charts as reach_figures
from model.definition import variables_by_name
from model.engine.children import end_with_parent
from model.files.atomic import replaced

#: Dots per inch of a chart at its own size.
DOTS: Final = 300
#: Inches of a chart for slides to an inch of its room on the slide: its smallest letters, of 7 points, become 8 there.
SHRUNK: Final = 7 / 8
BOTTLENECKS, CONTRIBUTIONS = "bottlenecks", "contributions"
FORMATS: Final = ("png", "svg")


def file_name(picture: Picture, language: str, kind: str) -> str:
    """Return the name of a picture's file.

    Examples
    --------
    >>> file_name(Picture("ledger.chart", "ledger", "plan", "Ledger"), "zh", "svg")
    'plan_ledger_zh.svg'
    """
    return "_".join(filter(None, (picture.scenario, picture.name, language))) + f".{kind}"


def pictures(briefing: Briefing) -> list[Picture]:
    """Return the pictures of a briefing.

    Examples
    --------
    >>> pictures(Briefing("zh", (), (), ()))
    []
    """
    return [block for section in briefing.sections for block in section.blocks if isinstance(block, Picture)]


def draw(evidence: Evidence, briefing: Briefing, folder: Path, kinds: Sequence[str] = FORMATS) -> Iterator[Path]:
    """Draw the pictures of a briefing as PNG and SVG, in two processes.

    Parameters
    ----------
    evidence, briefing
        What is drawn.
    folder
        Where to.
    kinds
        Some of `FORMATS`.

    Yields
    ------
    pathlib.Path
        Each file once it is written; equal inputs give equal bytes.
    """
    rooms = slide_sizes(briefing)
    wanted = [(picture, kind) for picture in pictures(briefing) for kind in kinds]
    # Processes are started afresh: a copy of this one might hold a lock of a thread that is not in the copy.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), _remember, (evidence,)) as pool:
        tasks = [
            pool.submit(
                _draw_there, picture, briefing.language, kind, folder, rooms[picture.id] if kind == "png" else None
            )
            for picture, kind in wanted
        ]
        try:
            for task in as_completed(tasks):
                yield task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def slide_sizes(briefing: Briefing) -> dict[str, figures.Size]:
    """Return the inches of the canvas of each picture for slides: as wide and high as its room, to scale.

    Examples
    --------
    >>> slide_sizes(Briefing("zh", (), (), ()))
    {}
    """
    rooms = {name: room for section in briefing.sections for name, room in picture_rooms(section).items()}
    return {name: (SHRUNK * width, SHRUNK * height) for name, (width, height) in rooms.items()}


def figure(evidence: Evidence, picture: Picture, language: str, canvas: figures.Size | None = None) -> Figure:
    """Return one chart, of a size in inches or of its own."""
    if picture.name == CONTRIBUTIONS:
        assert evidence.comparison is not None
        pair = (evidence.baseline, evidence.scenario)
        facts = {**evidence.manifest, "members": str(evidence.comparison.contributions.sizes["member"])}
        name = next(iter(comparison_figures.CHARTS))
        return comparison_figures.chart(evidence.comparison, name, pair, facts, variables_by_name(), language, canvas)
    if picture.name == BOTTLENECKS:
        return reach_figures.bottlenecks(evidence.reached, evidence.scenario.name, evidence.manifest, language, canvas)
    if picture.scenario is None:
        return figures.comparison(evidence.material, picture.name, language, canvas)
    return figures.DETAILS[picture.name](evidence.material, picture.scenario, language, canvas)


def write(drawn: Figure, path: Path) -> None:
    """Write a chart so that the same chart is the same bytes."""
    nothing = {"Software": None} if path.suffix == ".png" else {"Date": None, "Creator": None}
    with figures.chart_style(), rc_context({"svg.hashsalt": "briefing"}), replaced(path) as partial:
        drawn.savefig(partial, format=path.suffix[1:], dpi=DOTS, metadata=nothing)


_EVIDENCE: list[Evidence] = []


def _remember(evidence: Evidence) -> None:
    """Sent once to each process, as it is large."""
    end_with_parent()
    _EVIDENCE[:] = [evidence]


def _draw_there(picture: Picture, language: str, kind: str, folder: Path, canvas: figures.Size | None) -> Path:
    path = folder / file_name(picture, language, kind)
    write(figure(_EVIDENCE[0], picture, language, canvas), path)
    return path
