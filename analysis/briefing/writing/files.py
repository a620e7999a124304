"""A briefing on disk: charts, slides, workbook and page, each written whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from analysis.briefing.charts import draw, file_name, pictures
from analysis.briefing.compose import compose
from analysis.briefing.content import Briefing, Medium, find_mistakes
from analysis.briefing.request import KINDS, BriefingError
from analysis.briefing.results import Results
from analysis.briefing.study import Evidence
from analysis.briefing.writing.page import page
from analysis.briefing.writing.slides import slides
from analysis.briefing.writing.workbook import workbook
from model.files.atomic import replaced

#: The format of the charts in each kind of file; a workbook has none.
CHARTS_IN: Final[Mapping[Medium, str]] = {"page": "svg", "slides": "png"}
CHARTS: Final = "figures"


def file_names(scenario: str, language: str) -> list[str]:
    """Return the names of a briefing's files.

    Examples
    --------
    >>> file_names("plan", "zh")
    ['briefing_plan_zh.html', 'briefing_plan_zh.pptx', 'briefing_plan_zh.xlsx']
    """
    return [f"briefing_{scenario}_{language}.{kind}" for kind in KINDS.values()]


def write(
    evidence: Evidence,
    results: Results,
    language: str,
    out: Path,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Path]:
    """Write page, slides and workbook in "zh" or "en", and the charts into a folder below; return the three files.

    Raises
    ------
    BriefingError
        If a number in the content is not that of the results.
    """
    briefing = compose(evidence, results, language)
    if wrong := find_mistakes(briefing, results.by_key()):
        raise BriefingError(
            "The briefing does not agree with the results:\n" + "\n".join(f" * {one}" for one in wrong[:20])
        )
    report = progress or (lambda _task, _done, _of: None)
    contents = make_files(
        evidence, briefing, out / CHARTS, list(KINDS), lambda *done: report(f"charts {language}", *done)
    )
    paths = [out / name for name in file_names(evidence.scenario.name, language)]
    for done, (path, content) in enumerate(zip(paths, contents.values(), strict=True), 1):
        with replaced(path) as partial:
            partial.write_bytes(content)
        report(f"files {language}", done, len(paths))
    return paths


def make_files(
    evidence: Evidence,
    briefing: Briefing,
    charts: Path,
    kinds: Sequence[Medium],
    progress: Callable[[int, int], None] | None = None,
) -> dict[Medium, bytes]:
    """Return the contents of some kinds of a briefing's files, with its charts drawn into a folder.

    The same briefing gives the same bytes. `progress` is called with the number of charts drawn and of all.
    """
    charts.mkdir(parents=True, exist_ok=True)
    formats = [CHARTS_IN[kind] for kind in kinds if kind in CHARTS_IN]
    every = len(pictures(briefing)) * len(formats)
    for done, _ in enumerate(draw(evidence, briefing, charts, formats) if formats else (), 1):
        if progress is not None:
            progress(done, every)
    files = {picture.id: charts / file_name(picture, briefing.language, "png") for picture in pictures(briefing)}

    def written_page() -> bytes:
        drawings = {name: file.with_suffix(".svg").read_text(encoding="utf-8") for name, file in files.items()}
        return page(briefing, drawings).encode()

    writers: Mapping[Medium, Callable[[], bytes]] = {
        "page": written_page,
        "slides": lambda: slides(briefing, files),
        "workbook": lambda: workbook(briefing),
    }
    return {kind: writers[kind]() for kind in kinds}
