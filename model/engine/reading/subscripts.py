"""Ranges of subscripts: their elements, which range an array spreads over, and what stands for what by mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .syntax import Range, key_of


class Subscripts:
    """The ranges of a model by the names its file gives them; names are found whatever their case and blanks."""

    def __init__(self, ranges: Mapping[str, Range], outside: Mapping[str, tuple[str, ...]]) -> None:
        self.faults: list[tuple[str, str]] = []
        self.given = ranges
        self.names = {key: item.name for key, item in ranges.items()}
        self.ranges: dict[str, list[str]] = {}
        for key, item in ranges.items():
            self.ranges[item.name] = self._members(key, outside, ())
        self.elements: dict[str, str] = {}
        for items in self.ranges.values():
            for element in items:
                self.elements.setdefault(key_of(element), element)
        self.ranges = {
            name: list(dict.fromkeys(self.elements[key_of(item)] for item in items))
            for name, items in self.ranges.items()
        }
        self._sets = {name: set(items) for name, items in self.ranges.items()}
        self._owners: dict[str, list[str]] = {}
        for name, items in self.ranges.items():
            for element in items:
                self._owners.setdefault(element, []).append(name)
        self.numbers = self._numbers()
        #: For each mapped range and the range it stands for: our element for each of theirs.
        self.standing: dict[str, dict[str, dict[str, str]]] = {}
        for item in ranges.values():
            if item.alias_of:
                original = self.canonical(item.alias_of)
                same = {element: element for element in self.ranges[item.name]}
                self.standing.setdefault(item.name, {})[original] = same
            for other, members in item.mappings:
                self._map(item.name, other, members)
        for item in ranges.values():
            if item.alias_of:
                same = {element: element for element in self.ranges[item.name]}
                self.standing.setdefault(self.canonical(item.alias_of), {}).setdefault(item.name, same)
        self._map_back()

    def canonical(self, name: str) -> str:
        """Return a range's or an element's name as the file that defines it writes it; unknown names stay."""
        mark = "!" if name.endswith("!") else ""
        key = key_of(name.removesuffix("!"))
        known = self.names.get(key) or self.elements.get(key)
        return (known if known is not None else name.removesuffix("!").strip()) + mark

    def is_element(self, name: str) -> bool:
        """Say whether a canonical name is that of an element, and of no range."""
        return name not in self.ranges and key_of(name) in self.elements

    def items(self, name: str) -> list[str]:
        """Return the elements of a range, or the one element of that name; none if there is neither."""
        if name in self.ranges:
            return self.ranges[name]
        return [name] if self.is_element(name) else []

    def _members(self, key: str, outside: Mapping[str, tuple[str, ...]], above: tuple[str, ...]) -> list[str]:
        item = self.given[key]
        if key in above:
            self.faults.append((item.name, "a range of subscripts that holds itself"))
            return []
        if item.alias_of:
            original = key_of(item.alias_of)
            if original not in self.given:
                self.faults.append((item.name, f"{item.alias_of!r}, which it is another name of, is no range"))
                return []
            return self._members(original, outside, (*above, key))
        if item.source is not None:
            return list(outside.get(key, ()))
        members: list[str] = []
        for name in item.members:
            inner = key_of(name)
            # A range may hold an element of its own name.
            if inner in self.given and inner != key:
                members += self._members(inner, outside, (*above, key))
            else:
                members.append(name)
        return members

    def _map(self, name: str, other: str, members: Sequence[str]) -> None:
        theirs, ours = self.canonical(other), self.ranges[name]
        if theirs not in self.ranges:
            self.faults.append((name, f"{other!r}, to which it is mapped, is no range"))
            return
        groups = [self.items(self.canonical(member)) for member in members] if members else []
        if not members:
            groups = [[item] for item in self.ranges[theirs]]
        if len(groups) != len(ours):
            self.faults.append((name, f"{len(ours)} elements are mapped to {len(groups)} of {theirs}"))
            return
        found = {item: mine for mine, group in zip(ours, groups, strict=True) for item in group}
        self.standing.setdefault(name, {})[theirs] = found

    def _map_back(self) -> None:
        """Let a mapping of one to one be read from either end, where the other end says nothing else."""
        for name, others in [(name, dict(others)) for name, others in self.standing.items()]:
            for other, pairs in others.items():
                back = {mine: theirs for theirs, mine in pairs.items()}
                if len(back) == len(pairs) == len(self.ranges[other]) == len(self.ranges[name]):
                    self.standing.setdefault(other, {}).setdefault(name, back)

    def standing_for(self, name: str, loop: str) -> dict[str, str] | None:
        """Return the element of one range for each of another, by mappings of either or of a range around it."""
        wanted = set(self.ranges.get(loop, ()))
        for other, pairs in self.standing.get(name, {}).items():
            if other == loop or (wanted and wanted <= set(pairs)):
                return pairs
        return None

    # Which range an array spreads over.

    def dims(self, lists: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
        """Return, for each subscript of an array, the smallest range of all elements that its equations name.

        A range named by an equation comes first; where an array has the same range twice, the second is called by
        another of its names, or numbered. None if elements of one subscript belong to no common range.
        """
        named = [self._places(one) for one in lists]
        dims: list[str] = []
        for axis in range(len(lists[0])):
            covered = {item for one in named for item in one[axis][1]}
            own = [one[axis][0] for one in named]
            others = {one[other][0] for one in named for other in range(len(one)) if other != axis}
            dim = (
                next((name for name in own if name and self._sets[name] == covered), None)
                or self._first(covered, others, whole=True)
                or self._first(covered, others, whole=False)
                or self._numbered(covered)
            )
            if dim is None:
                return None
            dims.append(dim)
        return tuple(dims)

    def _places(self, subscripts: Sequence[str]) -> list[tuple[str | None, list[str]]]:
        """Return, for each subscript, the range it belongs to and the elements it stands for."""
        places: list[tuple[str | None, list[str]]] = []
        for name in subscripts:
            if name in self.ranges:
                places.append((name, self.ranges[name]))
                continue
            taken = {*subscripts, *(found for found, _ in places if found)}
            found = next((key for key in self._owners.get(name, ()) if key not in taken), None)
            places.append((found, [name]))
        return places

    def _first(self, covered: set[str], taken: set[str | None], *, whole: bool) -> str | None:
        for name, items in self._sets.items():
            if name not in taken and (covered == items if whole else covered <= items):
                return name
        return None

    def _numbered(self, covered: set[str]) -> str | None:
        for name, items in list(self.ranges.items()):
            if covered <= self._sets[name]:
                number = next(n for n in range(1, 1000) if f"{name}{n}" not in self.ranges)
                self.ranges[f"{name}{number}"] = list(items)
                self._sets[f"{name}{number}"] = set(items)
                return f"{name}{number}"
        return None

    # Subscripts as numbers.

    def _numbers(self) -> dict[str, tuple[str | None, tuple[int, ...]]]:
        """Return the numbers of elements and of whole ranges within the largest range around them."""
        numbers: dict[str, tuple[str | None, tuple[int, ...]]] = {}
        for main, parts in self._families().items():
            items = self.ranges[main]
            numbers[key_of(main)] = (main, tuple(range(1, len(items) + 1)))
            for position, item in enumerate(items, start=1):
                numbers[key_of(item)] = (None, (position,))
            for part in parts:
                numbers[key_of(part)] = (part, tuple(items.index(item) + 1 for item in self.ranges[part]))
        return numbers

    def _families(self) -> dict[str, list[str]]:
        """Return ranges that lie in no larger one, each with those within it; of equal ones the first by name.

        What another range is only called stands behind that range.
        """
        sets = self._sets
        copies = {item.name for item in self.given.values() if item.alias_of}
        rank = {name: (name in copies, key_of(name)) for name in sets}
        families: dict[str, list[str]] = {}
        for name, items in sets.items():
            parts: list[str] = []
            for other, inner in sets.items():
                if other == name:
                    continue
                if items == inner:
                    if rank[name] > rank[other]:
                        break
                    parts.append(other)
                elif inner < items:
                    parts.append(other)
                elif inner > items:
                    break
            else:
                families[name] = parts
        return families
