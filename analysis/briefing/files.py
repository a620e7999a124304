"""A briefing on disk: charts, slides, workbook and page, each written whole, read again and checked at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from analysis.briefing.briefing import compose
from analysis.briefing.content import Briefing, Number
from analysis.briefing.evidence import BriefingError, Evidence
from analysis.briefing.lint import differences, expected
from analysis.briefing.page import bare, page
from analysis.briefing.pictures import FORMATS, draw, file_name, pictures
from analysis.briefing.reading import Document, read
from analysis.briefing.results import results
from analysis.briefing.slides import slides
from analysis.briefing.workbook import workbook
from model.whole_files import replaced

KINDS: Final = ("html", "pptx", "xlsx")
CHARTS: Final = "figures"
#: Differences that a message names.
NAMED: Final = 20


def file_names(scenario: str, language: str) -> list[str]:
    """Return the names of a briefing's files.

    Examples
    --------
    >>> file_names("plan", "zh")
    ['briefing_plan_zh.html', 'briefing_plan_zh.pptx', 'briefing_plan_zh.xlsx']
    """
    return [f"briefing_{scenario}_{language}.{kind}" for kind in KINDS]


def write(
    evidence: Evidence,
    found: Mapping[str, float],
    language: str,
    out: Path,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Path]:
    """Write a briefing in one language.

    Parameters
    ----------
    evidence, found
        What it rests on, and its `analysis.briefing.results.results`.
    language
        "zh" or "en".
    out
        Folder; the charts go into a folder below it.
    progress
        Told the task, what is done of it, and all of it.

    Returns
    -------
    list of pathlib.Path
        Page, slides and workbook.

    Raises
    ------
    BriefingError
        If a number in a written file is not that of the results.

    Examples
    --------
    >>> write(evidence, results(evidence), "zh", Path("outputs/brief"))  # doctest: +SKIP
    """
    tell = progress or (lambda _task, _done, _of: None)
    briefing = compose(evidence, found, language)
    charts = out / CHARTS
    charts.mkdir(parents=True, exist_ok=True)
    every = len(pictures(briefing)) * len(FORMATS)
    for done, _ in enumerate(draw(evidence, briefing, charts), 1):
        tell(f"charts {language}", done, every)
    files = {picture.id: charts / file_name(picture, language, "png") for picture in pictures(briefing)}
    drawings = {name: file.with_suffix(".svg").read_text(encoding="utf-8") for name, file in files.items()}
    contents = [page(briefing, drawings).encode(), slides(briefing, files), workbook(briefing)]
    paths = [out / name for name in file_names(evidence.scenario.name, language)]
    wrong = []
    for done, (path, content) in enumerate(zip(paths, contents, strict=True), 1):
        with replaced(path) as partial:
            partial.write_bytes(content)
        wrong += [f"{path.name}: {problem}" for problem in differences(read(path), briefing, found)]
        tell(f"files {language}", done, len(paths))
    if wrong:
        raise BriefingError("The briefing does not tell the results:\n" + in_words(wrong))
    return paths


def verify(document: Document, evidence: Evidence) -> tuple[list[str], int]:
    """Compare a file with the briefing made again from results.

    Parameters
    ----------
    document
        The file, read again.
    evidence
        Computed anew from what the file's manifest names.

    Returns
    -------
    tuple
        Every number, word and picture that differs, in words; and how many numbers the file should tell.

    Examples
    --------
    >>> verify(read(Path("briefing_plan_zh.html")), evidence)  # doctest: +SKIP
    ([], 1047)
    """
    found = results(evidence)
    briefing = compose(evidence, found, document.manifest["language"])
    wrong = differences(document, briefing, found)
    with TemporaryDirectory() as folder:
        wrong += wrong_pictures(document, briefing, evidence, Path(folder))
    texts = expected(briefing, document.kind).values()
    return wrong, sum(isinstance(run, Number) for text in texts for run in text)


def wrong_pictures(document: Document, briefing: Briefing, evidence: Evidence, folder: Path) -> list[str]:
    """Return which pictures of a file are not what is drawn now.

    Parameters
    ----------
    document
        The file, read again.
    briefing, evidence
        Made anew.
    folder
        Where the charts are drawn for the comparison.

    Examples
    --------
    >>> wrong_pictures(document, briefing, evidence, Path("/tmp"))  # doctest: +SKIP
    []
    """
    kinds = {"page": ("svg",), "slides": ("png",)}.get(document.kind, ())
    if not kinds:
        return []
    list(draw(evidence, briefing, folder, kinds))
    found = []
    for picture in pictures(briefing):
        fresh = (folder / file_name(picture, briefing.language, kinds[0])).read_bytes()
        if document.kind == "page":
            fresh = bare(fresh.decode())
        if document.pictures.get(picture.id) != fresh:
            found.append(f"picture {picture.id} ({picture.alt}) is not the one drawn from these results")
    return found


def in_words(problems: list[str]) -> str:
    """Return problems as lines, the first of many.

    Examples
    --------
    >>> in_words(["one"])
    ' * one'
    """
    lines = [f" * {problem}" for problem in problems[:NAMED]]
    if len(problems) > NAMED:
        lines.append(f" * and {len(problems) - NAMED} more")
    return "\n".join(lines)
