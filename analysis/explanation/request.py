"""What is asked of ``explain``: a variable, and an element of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analysis.outcome.screen import screen_language
from analysis.outcome.words import terms
from model.definition import Variable
from model.engine.errors import UserError, near

FIRST_YEAR: Final = 2021
LAST_YEAR: Final = 2035
#: Elements that a message names.
NAMED: Final = 12


class ExplanationRequestError(UserError):
    """What is asked cannot be explained; the message lists every reason."""


def chosen_variable(name: str, variables: Mapping[str, Variable]) -> Variable:
    """Return a computed variable by its name in any case, or by its Chinese term.

    Raises
    ------
    ExplanationRequestError
        If there is none, with the nearest.

    Examples
    --------
    >>> from model.definition import variables_by_name
    >>> chosen_variable("常住人口城镇化率", variables_by_name()).name
    'resident urbanization rate'
    """
    computed = {one.name: one for one in variables.values() if one.kind in ("stock", "flow", "auxiliary")}
    # Of variables with the same term, that of the whole city comes last, and so is taken.
    by_size = sorted(computed.values(), key=lambda one: -len(one.dims))
    called = {one.term: one.name for one in by_size if one.term}
    by_fold = {one.casefold(): one for one in computed}
    found = by_fold.get(name.casefold()) or called.get(name)
    if found is None:
        message = f"{name!r} is not a computed variable of the model.{near(name, computed, called)}"
        raise ExplanationRequestError(message)
    return computed[found]


def chosen_elements(variable: Variable, given: Sequence[str]) -> dict[str, str]:
    """Return an element for each subscript range of a variable.

    Raises
    ------
    ExplanationRequestError
        Naming every range without an element, and every element of none.

    Examples
    --------
    >>> from model.definition import variables_by_name
    >>> chosen_elements(variables_by_name()["residents by district"], ["历下区"])
    {'District': 'Lixia'}
    """
    found: dict[str, str] = {}
    mistakes = []
    spoken = {title: name for name, titles in terms()["elements"].items() for title in titles.values()}
    for text in given:
        name = text if any(text in axis for axis in variable.axes) else spoken.get(text, text)
        axes = zip(variable.dims, variable.axes, strict=True)
        dims = [dim for dim, axis in axes if name in axis and dim not in found]
        if dims:
            found[dims[0]] = name
        else:
            known = [element for axis in variable.axes for element in axis]
            said = [title for title, element in spoken.items() if element in known]
            mistakes.append(f"--element {name}: {variable.name!r} has no such element.{near(name, [*known, *said])}")
    mistakes += [
        f"{variable.name!r} has a value for each {dim}: add --element with one of {_listed(axis)}"
        for dim, axis in zip(variable.dims, variable.axes, strict=True)
        if dim not in found
    ]
    if mistakes:
        raise ExplanationRequestError("\n".join(mistakes))
    return {dim: found[dim] for dim in variable.dims}


def _listed(axis: Sequence[str]) -> str:
    """Elements by what they are called on the screen, which is taken as well."""
    known, language = terms()["elements"], screen_language()
    return ", ".join(str(known[name][language]) if name in known else name for name in axis[:NAMED])
