"""Two trees of XML elements compared: every element, attribute and word that is not the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import NamedTuple
from xml.etree.ElementTree import Element, tostring

from analysis.briefing.verification.tolerances import contrast

#: Says whether two values, an attribute's or a text's, are the same, given the elements that they stand in.
Same = Callable[[tuple[Element, ...], str, str], bool]
#: Beyond so many children an alignment takes too long; they are then compared one by one in order.
ALIGNED = 2_000


class Difference(NamedTuple):
    """A difference, with the elements that it stands in, from the root down, of the tree that should be."""

    path: tuple[Element, ...]
    words: str


def strictly(_path: tuple[Element, ...], has: str, should: str) -> bool:
    """Say whether two values are equal."""
    return has == should


def differences(
    has: Element, should: Element, same: Same = strictly, above: tuple[Element, ...] = ()
) -> Iterator[Difference]:
    """Yield what a tree differs in from the one that should be, which stands in the elements `above`.

    Examples
    --------
    >>> from xml.etree.ElementTree import fromstring
    >>> [one.words for one in differences(fromstring("<a b='1'><c/></a>"), fromstring("<a b='2'/>"))]
    ["b is '1' and should be '2'", '<c> was added']
    """
    path = (*above, should)
    if has.tag != should.tag:
        yield Difference(path, f"<{plain_name(has.tag)}> stands where <{plain_name(should.tag)}> should")
        return
    for name in dict.fromkeys([*should.attrib, *has.attrib]):
        one, other = has.get(name), should.get(name)
        if one is None or other is None or not same(path, one, other):
            actual, wanted = ("not there" if value is None else repr(value[:60]) for value in (one, other))
            yield Difference(path, f"{plain_name(name)} is {actual} and should be {wanted}")
    for one, other in ((has.text or "", should.text or ""), (has.tail or "", should.tail or "")):
        if not same(path, one, other):
            yield Difference(path, contrast(one, other))
    yield from _children(list(has), list(should), same, path)


def plain_name(name: str) -> str:
    """Return a name without its name space.

    Examples
    --------
    >>> plain_name("{http://example.org}row")
    'row'
    """
    return name.rpartition("}")[2]


def _children(has: list[Element], should: list[Element], same: Same, path: tuple[Element, ...]) -> Iterator[Difference]:
    if [one.tag for one in has] == [one.tag for one in should]:
        for one, other in zip(has, should, strict=True):
            yield from differences(one, other, same, path)
        return
    if max(len(has), len(should)) > ALIGNED:
        yield Difference(path, f"it holds {len(has)} parts and should hold {len(should)}")
        return
    matcher = SequenceMatcher(None, [tostring(one) for one in has], [tostring(one) for one in should])
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        if kind == "replace" and [one.tag for one in has[a:b]] == [one.tag for one in should[c:d]]:
            for one, other in zip(has[a:b], should[c:d], strict=True):
                yield from differences(one, other, same, path)
            continue
        for one in has[a:b]:
            yield Difference(path, f"<{plain_name(one.tag)}> was added{_quote(one)}")
        for one in should[c:d]:
            yield Difference((*path, one), f"<{plain_name(one.tag)}> is missing{_quote(one)}")


def _quote(element: Element) -> str:
    words = " ".join("".join(element.itertext()).split())
    name = next((one.get("name", "") for one in element.iter() if plain_name(one.tag) == "cNvPr"), "")
    return "".join([f" (called {name[:60]!r})" if name else "", f": {words[:60]!r}" if words else ""])
