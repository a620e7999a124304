"""The one reader of every YAML and CSV file: what a person typed is what the program sees, or the file is refused.

A file must be a plain file of bounded size in UTF-8. Of YAML only what a planner writes is taken: no aliases, no tags,
the plain forms of numbers. Every problem is one short line in the words of the person who wrote the file.
"""

from __future__ import annotations

import csv
import io
import re
import reprlib
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from model.engine.errors import shortened

if TYPE_CHECKING:
    import pandas as pd

YAML_BYTES: Final = 512 * 1024
CSV_BYTES: Final = 16 * 1024 * 1024
DEPTH: Final = 10
NODES: Final = 50_000
COLUMNS: Final = 100
#: Characters of one name, and of one text.
NAME_LENGTH: Final = 200
TEXT_LENGTH: Final = 4_000
#: What a message may take of a screen: lines, and characters of each.
MESSAGE_LINES: Final = 20
LINE_LENGTH: Final = 180

SAVE_AS: Final = "Save it with the encoding UTF-8"

# Control characters, marks that turn the direction of text round, halves of a pair, and what is no character.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
#: YAML 1.1 reads 010 as 8, 1:30 as 90, no as false and 1e5 as text: none of these is what a planner means.
#: A key with the colon of Chinese text behind it.
_WIDE_COLON: Final = re.compile(r"[\s{-]*[^\s:#'\"]+：")
_INTEGER: Final = re.compile(r"[-+]?[0-9][0-9_]*")
_DECIMAL: Final = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True"), True),
    **dict.fromkeys(("false", "False"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}
_DIGITS: Final = 300
#: How workbooks begin, new ones and those of Excel 97-2003.
_NO_TEXT: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
#: What Chinese tables are written with beyond ASCII.
_USUAL: Final = re.compile("[\u4e00-\u9fa5\u3000-\u3017\uff01-\uff5e·—–…‘’“”×÷±°％‰￥→①-⑩]")
_PARSER: Final = getattr(yaml, "CLoader", yaml.Loader)

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlist = _short.maxdict = _short.maxtuple = 3
_short.maxlevel = 2

#: Where something stands in a document: keys, and numbers of list items from 0.
Where = tuple[Any, ...]


class _Refused(Exception):
    """The file cannot be read on."""


@dataclass
class Document:
    """What a YAML file holds."""

    #: None when the file cannot be read.
    content: Any
    #: What is wrong with it as a file, as sentences.
    problems: list[str]
    #: Line of every key and list item, by where it stands.
    lines: dict[Where, int] = field(default_factory=dict)

    def line(self, where: Sequence[Any]) -> int | None:
        """Line of a key, or of the nearest thing above it that the file holds."""
        key = tuple(where)
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def place(self, where: Sequence[Any]) -> tuple[int, str]:
        """Return where something stands: its order in the file and what a person calls it, such as "line 7"."""
        line = self.line(where)
        return (line, f"line {line}") if line else (0, "")


def shown(value: object) -> str:
    """Return a value as Python writes it, cut to what fits into a line.

    Examples
    --------
    >>> shown("high"), len(shown("x" * 10_000)) < 80
    ("'high'", True)
    """
    return _short.repr(value)


def refusal(problems: Mapping[str, Sequence[str]], verdict: str = "cannot be used") -> str:
    """Return the message that refuses files, never longer than a screen.

    Parameters
    ----------
    problems
        What is wrong, by name of the file.
    verdict
        What follows from it.

    Examples
    --------
    >>> print(refusal({"levers.yaml": ["The file is empty."]}))
    levers.yaml cannot be used:
     * The file is empty.
    """
    lines: list[str] = []
    listed = 0
    for name, mistakes in problems.items():
        if len(lines) >= MESSAGE_LINES - 1:
            break
        taken = mistakes[: MESSAGE_LINES - 1 - len(lines)]
        lines += [
            f"{one_line(name)[:80]} {verdict}:",
            *(" * " + shortened(one_line(mistake), LINE_LENGTH) for mistake in taken),
        ]
        listed += len(taken)
    rest = sum(map(len, problems.values())) - listed
    return "\n".join(lines) + (f"\n   ... and {rest:,} more like these." if rest else "")


def one_line(text: str) -> str:
    r"""Return a text in one line, with what a terminal would act on written out.

    Examples
    --------
    >>> one_line("a\nb\x1b[31m")
    'a b\\x1b[31m'
    """
    return _HIDDEN.sub(lambda sign: sign[0].encode("unicode_escape").decode(), " ".join(text.split()))


def hidden_character(text: str) -> str | None:
    r"""Return what a text holds that cannot be shown as typed, as a code point, or None.

    Examples
    --------
    >>> hidden_character("plan"), hidden_character("\x1b[31mplan")
    (None, 'U+001B')
    """
    hidden = _HIDDEN.search(text)
    return f"U+{ord(hidden[0]):04X}" if hidden else None


def read_bytes(path: Path, limit: int) -> tuple[bytes | None, str]:
    """Return the content of a plain file, or None and why it is not read.

    Parameters
    ----------
    path
        Its path. A folder, a device, a pipe or a link to one of these is refused without waiting for it.
    limit
        Bytes it may have.

    Examples
    --------
    >>> read_bytes(Path("/dev/zero"), 10)
    (None, 'It is not a plain file.')
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None, "It is not a plain file."
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        return None, "The file does not exist."
    except OSError as error:
        return None, f"The file cannot be read: {error.strerror}."
    except ValueError:
        return None, "The name of the file holds a character that no file name has."
    if len(content) > limit:
        return None, f"The file is larger than {limit // 1024:,} kB, the most that is read."
    return content, ""


def read_yaml(path: Path) -> Document:
    """Return the content of a YAML file and what is wrong with it as a file.

    Parameters
    ----------
    path
        The file; UTF-8 text.

    Examples
    --------
    >>> document = read_yaml(Path("scenarios/levers.yaml"))
    >>> document.content[0]["unit"], document.problems, document.line((0,)) > 0
    ('Dmnl', [], True)
    """
    text, problem = _read_text(path, YAML_BYTES, lambda row, column: f"line {row}). {SAVE_AS}.")
    return Document(None, [problem]) if text is None else parse_yaml(text)


def _read_text(
    path: Path, limit: int, described: Callable[[int, int], str], *, gbk: bool = False
) -> tuple[str | None, str]:
    """Return the text of a plain file in UTF-8, or None and why it is not read; `described` ends a wrong encoding."""
    content, problem = read_bytes(path, limit)
    if content is None:
        return None, problem
    if content.startswith(_NO_TEXT):
        return None, "It is a workbook or an archive, not a text. Give a workbook the ending .xlsx, or save it as text."
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        if gbk and (text := _as_gbk(content)) is not None:
            return text, ""
        row = content[: error.start].count(b"\n") + 1
        column = content[content.rfind(b"\n", 0, error.start) + 1 : error.start].count(b",") + 1
        return None, f"The file is not UTF-8 text ({_encoding(content)}{described(row, column)}"


def parse_yaml(text: str) -> Document:
    """Return what a YAML text holds, read like a file.

    Examples
    --------
    >>> parse_yaml("a: 010").content
    {'a': 10}
    >>> parse_yaml("a: *b").problems
    ["Line 1 uses an alias ('*b'). Write the value out; aliases and anchors are not read."]
    """
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            return Document(None, [f"Line {number} is indented with a tab. YAML allows spaces only."])
        if sign := hidden_character(line.removesuffix("\r")):
            return Document(None, [f"Line {number} holds a character that cannot be shown ({sign}). Delete it."])
    document = Document(None, [])
    try:
        empty = _build(text, document)
    except _Refused as error:
        return Document(None, [str(error)])
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        wide = (number for number, line in enumerate(text.split("\n"), 1) if _WIDE_COLON.match(line))
        hint = "".join(f" Line {number} has a full-width colon; write ':' and a space." for number in islice(wide, 1))
        return Document(None, [f"The file is not valid YAML{where}: {one_line(str(error.problem))}.{hint}"])
    except (yaml.YAMLError, RecursionError):
        return Document(None, ["The file is not text that YAML can read."])
    if empty or document.content is None:
        return Document(None, ["The file is empty."])
    return document


def _build(text: str, document: Document) -> bool:
    """Put the document together from its events, without recursion; say whether there is none."""
    documents = nodes = 0
    # Each open list or mapping, where it stands, and the key that waits for its value.
    above: list[tuple[Any, Where]] = []
    keys: list[Any] = []
    waiting = object()

    def take(value: Any, line: int, holder: bool) -> None:
        if not above:
            document.content = value
            if holder:
                above.append((value, ()))
                keys.append(waiting)
            return
        parent, where = above[-1]
        if isinstance(parent, list):
            key: Any = len(parent)
            parent.append(value)
        elif keys[-1] is waiting:
            keys[-1] = _key(value, line, holder)
            if keys[-1] in parent:
                document.problems.append(f"{shown(value)} is written twice (line {line}).")
            document.lines[(*where, value)] = line
            return
        else:
            key, keys[-1] = keys[-1], waiting
            parent[key] = value
        document.lines.setdefault((*where, key), line)
        if holder:
            above.append((value, (*where, key)))
            keys.append(waiting)

    for event in yaml.parse(text, Loader=_PARSER):
        mark: Any = event.start_mark
        line = mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                msg = f"The file is not valid YAML in line {line}: it starts a second document there."
                raise _Refused(msg)
        elif isinstance(event, yaml.AliasEvent):
            msg = (
                f"Line {line} uses an alias ({shown('*' + str(event.anchor))}). Write the value out; "
                "aliases and anchors are not read."
            )
            raise _Refused(msg)
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            _allowed(event, line, len(above), nodes)
            if isinstance(event, yaml.ScalarEvent):
                take(_scalar(event, line), line, holder=False)
            else:
                take({} if isinstance(event, yaml.MappingStartEvent) else [], line, holder=True)
        elif isinstance(event, yaml.CollectionEndEvent):
            above.pop()
            keys.pop()
    return documents == 0


def _allowed(event: Any, line: int, depth: int, nodes: int) -> None:
    if event.anchor is not None:
        msg = f"Line {line} has an anchor ({shown('&' + event.anchor)}). Delete it; aliases and anchors are not read."
        raise _Refused(msg)
    if event.tag is not None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        msg = f"Line {line} has a tag ({shown(tag)}). Delete it; tags are not read."
        raise _Refused(msg)
    if depth >= DEPTH:
        msg = f"Line {line} is nested more than {DEPTH} levels deep."
        raise _Refused(msg)
    if nodes > NODES:
        msg = f"The file holds more than {NODES:,} names and values."
        raise _Refused(msg)


def _key(value: Any, line: int, holder: bool) -> Any:
    if holder or value is None or isinstance(value, bool):
        msg = f"The file is not valid YAML in line {line}: a key must be plain text or a year."
        raise _Refused(msg)
    if isinstance(value, str) and len(value) > NAME_LENGTH:
        msg = f"Line {line} has a name of {len(value):,} characters; {NAME_LENGTH} are the most."
        raise _Refused(msg)
    return value


def _scalar(event: Any, line: int) -> Any:
    text: str = event.value
    if event.implicit[0]:
        if text in _WORDS:
            return _WORDS[text]
        whole = _INTEGER.fullmatch(text)
        if whole or _DECIMAL.fullmatch(text):
            if len(text) > _DIGITS:
                msg = f"Line {line} has a number of more than {_DIGITS} digits."
                raise _Refused(msg)
            digits = text.replace("_", "")
            return int(digits) if whole else float(digits)
    if len(text) > TEXT_LENGTH:
        msg = f"Line {line} has a text of {len(text):,} characters; {TEXT_LENGTH:,} are the most."
        raise _Refused(msg)
    if sign := hidden_character(text):
        msg = f"Line {line} has a text with a character that cannot be shown ({sign}). Delete it."
        raise _Refused(msg)
    return text


def read_table(path: Path, *, gbk: bool = False) -> tuple[pd.DataFrame | None, list[str]]:
    """Return the cells of a CSV file as a table of text, and what is wrong with it as a file.

    Parameters
    ----------
    path
        The file; UTF-8 text, its first row the names of the columns, separated by commas, or all of it by Chinese
        commas, semicolons or tabs.
    gbk
        Whether the encoding in which Excel saves a CSV on a Chinese computer is read too, where it can be no other.

    Returns
    -------
    tuple
        The table (None when it cannot be read), without spaces at the ends of cells and without columns and rows that
        are empty throughout, its index the number of each row in a spreadsheet; and the problems.

    Examples
    --------
    >>> table, problems = read_table(Path("cities/jinan/data/plan.csv"))
    >>> table.loc[2, "variable"], problems
    ('built_up_area', [])
    """
    cells, problems = read_cells(path, gbk=gbk)
    if cells is None:
        return None, problems
    # Loaded here, as reading a scenario does without it.
    import pandas as pd

    names, rows = cells
    return pd.DataFrame(list(rows.values()), columns=names, index=list(rows), dtype=str), []


def read_cells(path: Path, *, gbk: bool = False) -> tuple[tuple[list[str], dict[int, list[str]]] | None, list[str]]:
    """Return the names of the columns of a CSV file and its cells by row, read as by `read_table`; and its problems.

    Examples
    --------
    >>> cells, problems = read_cells(Path("cities/jinan/data/plan.csv"))
    >>> cells[0][0], cells[1][2][0]
    ('variable', 'built_up_area')
    """
    text, problem = _read_text(
        path,
        CSV_BYTES,
        lambda row, column: f"first in row {row}, column {column}). {SAVE_AS}; in Excel: 'CSV UTF-8'.",
        gbk=gbk,
    )
    if text is None:
        return None, [problem]
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    if hidden := _HIDDEN.search(unix):
        row = text[: text.index(hidden[0])].count("\n") + 1
        return None, [f"row {row}: holds a character that cannot be shown ({hidden_character(unix)}). Delete it."]
    header, _, _ = text.lstrip("\r\n").partition("\n")
    separators = [sign for sign in (",", "，", ";", "；", "\t") if sign in header]
    separator = separators[0] if separators else ","
    problems: list[str] = []
    rows = dict(_rows(text, separator, problems))
    if not rows:
        return None, problems or ["The file is empty."]
    first = min(rows)
    names = rows.pop(first)
    while names and not names[-1]:
        names.pop()
    if len(names) > COLUMNS:
        return None, [f"header: {len(names):,} columns; {COLUMNS} are the most."]
    problems += [f"header: column {number} has no name" for number, name in enumerate(names, 1) if not name]
    problems += [
        f"header: column {shown(name)} is given twice"
        for number, name in enumerate(names)
        if name and names.index(name) < number
    ]
    for number, cells in rows.items():
        if any(cells[len(names) :]):
            problems.append(
                f"row {number}: has {len(cells)} fields, the header {len(names)}; put quotes around a text "
                f"with {separator!r} in it"
            )
        elif len(cells) < len(names):
            # A row cut short by a spreadsheet ends with empty cells; the checks of each column tell which is missing.
            cells += [""] * (len(names) - len(cells))
    if problems:
        return None, problems
    return (names, {number: cells[: len(names)] for number, cells in rows.items()}), []


def _rows(text: str, separator: str, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Number and stripped cells of every row that is not empty; a row longer than its cells may be is a problem."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if any(len(cell) > TEXT_LENGTH for cell in cells):
                problems.append(f"row {number}: a field has more than {TEXT_LENGTH:,} characters")
                return
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield number, stripped
    except csv.Error:
        problems.append(
            f"row {number + 1}: the quotes do not match; a text in quotes ends with a quote before the comma"
        )


# The forms in which spreadsheets and statistical bulletins write a number.
_GROUPED: Final = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")


def read_number(text: str) -> float | None:
    """Return the number that a cell holds, or None; full-width digits, thousands signs and percent signs are read.

    Examples
    --------
    >>> read_number("９３０００００"), read_number("9,300,000"), read_number("74.2%"), read_number("93万")
    (9300000.0, 9300000.0, 0.742, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("\N{MINUS SIGN}", "-")
    percent = plain.endswith("%")
    plain = plain.removesuffix("%").rstrip()
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain) or len(plain) > _DIGITS:
        return None
    # Shifting the point keeps 74.2 % at 0.742 to the last digit.
    return float(plain + "e-2") if percent and "e" not in plain.lower() else float(plain) / (100 if percent else 1)


def _as_gbk(content: bytes) -> str | None:
    """Return a text in GBK, or None where it may be in another encoding."""
    try:
        text = content.decode("gb2312")
    except UnicodeDecodeError:
        return None
    # Other encodings read as this one give rare characters, which GB 2312 has not, and signs of other scripts.
    usual = all(sign.isascii() or _USUAL.fullmatch(sign) for sign in text)
    return text if usual else None


def _encoding(content: bytes) -> str:
    """Name the encoding that a file which is not UTF-8 seems to have."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "it looks like UTF-16; "
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return "it looks like GBK; "
