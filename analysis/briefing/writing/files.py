"""A briefing on disk: charts, slides, workbook, page, report and the text of one page, each written whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from analysis.briefing.charts import draw, file_name, pictures
from analysis.briefing.compose import compose
from analysis.briefing.content import Briefing, Imprint, Medium, find_mistakes, signed
from analysis.briefing.request import KINDS, BriefingError
from analysis.briefing.results import Results
from analysis.briefing.study import Evidence
from analysis.briefing.writing.note import note
from analysis.briefing.writing.note_pdf import note_pdf
from analysis.briefing.writing.page import page
from analysis.briefing.writing.report import report
from analysis.briefing.writing.slides import slides
from analysis.briefing.writing.workbook import workbook
from model.files.atomic import replaced

#: The format of the charts in each kind of file; the others have none.
CHARTS_IN: Final[Mapping[Medium, str]] = {"page": "svg", "slides": "png", "report": "print.png"}
CHARTS: Final = "figures"
#: Kinds that hold the text of one page.
ONE_PAGE: Final[frozenset[Medium]] = frozenset({"note", "note pdf"})


def file_names(scenario: str, language: str) -> list[str]:
    """Return the names of a briefing's files.

    Examples
    --------
    >>> file_names("plan", "zh")[2:]
    ['briefing_plan_zh.xlsx', 'briefing_plan_zh.docx', 'one_page_plan_zh.docx', 'one_page_plan_zh.pdf']
    """
    return [
        f"{'one_page' if kind in ONE_PAGE else 'briefing'}_{scenario}_{language}.{suffix}"
        for kind, suffix in KINDS.items()
    ]


def write(
    evidence: Evidence,
    results: Results,
    language: str,
    out: Path,
    progress: Callable[[str, int, int], None] | None = None,
    imprint: Imprint | None = None,
) -> list[Path]:
    """Write every kind of file in "zh" or "en", and the charts into a folder below; return the files.

    Raises
    ------
    BriefingError
        If a number in the content is not that of the results.
    """
    briefing = signed(compose(evidence, results, language), imprint or Imprint())
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

    def drawn(kind: Medium) -> dict[str, Path]:
        shown = pictures(briefing)
        return {picture.id: charts / file_name(picture, briefing.language, CHARTS_IN[kind]) for picture in shown}

    def written_page() -> bytes:
        return page(briefing, {name: file.read_text(encoding="utf-8") for name, file in drawn("page").items()}).encode()

    writers: Mapping[Medium, Callable[[], bytes]] = {
        "page": written_page,
        "slides": lambda: slides(briefing, drawn("slides")),
        "workbook": lambda: workbook(briefing),
        "report": lambda: report(briefing, drawn("report")),
        "note": lambda: note(briefing),
        "note pdf": lambda: note_pdf(briefing),
    }
    return {kind: writers[kind]() for kind in kinds}
