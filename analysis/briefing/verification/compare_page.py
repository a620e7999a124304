"""An HTML page against the page made again: all that is written in it, and which block a difference stands in."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from html.parser import HTMLParser
from typing import Final, NamedTuple

from analysis.briefing.verification.tolerances import contrast, decode_address, same_drawing, same_font, same_number

#: The places of a page that a machine may lawfully write otherwise: full values, drawings and the font.
_VALUE: Final = r'(?<=<data value=")[^"<>]*(?=" data-key=")'
_DRAWING: Final = r'(?<=<img src=")data:image/svg\+xml;base64,[A-Za-z0-9+/=]*(?=" alt=")'
_FONT: Final = r'(?<=src: url\(")data:font/woff;base64,[A-Za-z0-9+/=]*(?="\))'
_LAWFUL: Final = re.compile(f"{_VALUE}|{_DRAWING}|{_FONT}")
_FONT_ADDRESS: Final = re.compile(_FONT)
#: Above so many pairs of pieces no alignment is searched for.
ALIGNED: Final = 4_000_000
#: Elements that hold nothing and are never closed.
EMPTY: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
#: What a message calls the place after the last element.
BEHIND: Final = "behind the end of the page"


class _Piece(NamedTuple):
    """A piece of a page: where a reader finds it, how a message shows it, and what it is compared by."""

    where: str
    shown: str
    exact: str


def page_differences(has: bytes, should: bytes) -> Iterator[str]:
    """Yield what a page differs in from the one made again.

    Examples
    --------
    >>> list(page_differences(b'<p data-block="a">92</p>', b'<p data-block="a">77</p>'))
    ["a: '92' stands where '77' should"]
    """
    if has == should:
        return
    try:
        text, other = has.decode(), should.decode()
    except UnicodeDecodeError:
        yield "page: it is not written in UTF-8"
        return
    if _LAWFUL.sub("", text) != _LAWFUL.sub("", other):
        differences = list(_aligned(_Reader(text).pieces, _Reader(other).pieces))
        yield from differences or ["page: its markup is written otherwise, though no word of it differs"]
        return
    for one, another in zip(_LAWFUL.finditer(text), _LAWFUL.finditer(other), strict=True):
        if words := _difference(one[0], another[0]):
            yield f"{_block_at(other, another.start())}: {words}"


def _difference(has: str, should: str) -> str:
    """What is wrong with a full value, a drawing or the font; nothing if it is the same within the tolerance."""
    if should.startswith("data:font"):
        same = same_font(decode_address(has), decode_address(should))
        return "" if same else "the font is not the one cut out for these words"
    if should.startswith("data:image"):
        same = same_drawing(decode_address(has), decode_address(should))
        return "" if same else "the picture is not the one drawn from these results"
    return "" if same_number(has, should) else f"the full value is {has[:40]} and should be {should}"


def _block_at(page: str, at: int) -> str:
    """Name the block that a letter stands in, in a page made by `brief`."""
    picture = re.compile(r'" alt="[^"]*" data-picture="([^"]*)"').search(page, at)
    if page.startswith("data:image", at) and picture:
        return f"picture {picture[1]}"
    blocks = re.findall(r'data-block="([^"]*)"', page[:at])
    return blocks[-1] if blocks else "style sheet"


def _aligned(has: list[_Piece], should: list[_Piece]) -> Iterator[str]:
    """Differences of two lists of pieces, aligned as well as can be."""
    first = 0
    while first < min(len(has), len(should)) and has[first].exact == should[first].exact:
        first += 1
    last = 0
    while last < min(len(has), len(should)) - first and has[-1 - last].exact == should[-1 - last].exact:
        last += 1
    has, should = has[first : len(has) - last], should[first : len(should) - last]
    if len(has) * len(should) > ALIGNED:
        yield f"{(should or has)[0].where}: from here on most of the page differs"
        return
    matcher = SequenceMatcher(None, [one.exact for one in has], [one.exact for one in should])
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        if kind == "replace" and b - a == d - c:
            for one, other in zip(has[a:b], should[c:d], strict=True):
                if one.exact != other.exact:
                    yield f"{other.where}: {contrast(one.shown, other.shown)}"
        else:
            where = should[c].where if c < d else has[a].where
            yield f"{where}: {contrast(_joined(has[a:b]), _joined(should[c:d]))}"


def _joined(pieces: list[_Piece]) -> str:
    return " ".join(piece.shown for piece in pieces)


class _Reader(HTMLParser):
    """Follows a page and keeps its pieces."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[_Piece] = []
        self.where = "page"
        #: Elements that are open, each with the place that it stands in.
        self.open: list[tuple[str, str]] = []
        self.count: Counter[str] = Counter()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        around = self.where
        if given.get("data-block"):
            self.where = given["data-block"]
        elif given.get("data-picture"):
            self.where = f"picture {given['data-picture']}"
        elif "data-fact" in given:
            self.where = f"manifest entry {given['data-fact']}"
        elif tag == "section":
            self.where = f"section {given.get('id', '')}"
        elif tag in ("style", "nav", "title", "header", "script", "iframe"):
            self.where = {"style": "style sheet", "nav": "contents"}.get(tag, tag)
        exact, shown = [tag], [tag]
        for name, value in attrs:
            lawful = (tag, name) in (("data", "value"), ("img", "src"))
            exact.append(f"{name}={'' if lawful and given.keys() & {'data-key', 'data-picture'} else value}")
            shown.append(f'{name}="{_short(value or "")}"')
        self.pieces.append(_Piece(self.where, f"<{' '.join(shown)}>", "\0".join(exact)))
        if tag in EMPTY:
            self.where = around
        else:
            self.open.append((tag, around))
            self.count[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append(_Piece(self.where, f"</{tag}>", f"/{tag}"))
        closed = "" if self.count[tag] else tag
        while closed != tag:
            closed, self.where = self.open.pop()
            self.count[closed] -= 1
        if tag == "html":
            self.where = BEHIND

    def handle_data(self, data: str) -> None:
        data = _FONT_ADDRESS.sub("…", data)
        self.pieces.append(_Piece(self.where, _short(data.strip()) or "a blank", data))

    def handle_comment(self, data: str) -> None:
        self.pieces.append(_Piece(self.where, f"a comment {data!r}", f"!{data}"))

    def handle_decl(self, decl: str) -> None:
        self.pieces.append(_Piece(self.where, f"<!{decl}>", f"!{decl}"))

    def handle_pi(self, data: str) -> None:
        self.pieces.append(_Piece(self.where, f"<?{data}>", f"?{data}"))

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)


def _short(text: str) -> str:
    """A text as a message may show it: long data by its fingerprint."""
    if len(text) > 2_000 and "base64," in text:
        return f"{text[:20]}… {hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return text
