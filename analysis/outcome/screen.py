"""The language of the screen: of everything that a command prints."""

from __future__ import annotations

import inspect
import locale
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

import typer

Language = Literal["zh", "en"]
#: Variables of the environment that say which language a person reads, the first that is set.
VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANGUAGE", "LANG")
#: Locales that name no language.
NEUTRAL: Final = frozenset({"", "C", "POSIX"})

_language: ContextVar[str | None] = ContextVar("language of the screen", default=None)


def screen_language() -> str:
    """Return the language in which a command prints, "zh" or "en": the one asked for, or that of the locale."""
    return _language.get() or locale_language()


@contextmanager
def printed_in(language: str) -> Iterator[None]:
    """Have everything printed in a language.

    Examples
    --------
    >>> with printed_in("en"):
    ...     screen_language()
    'en'
    """
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def locale_language(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language of the locale: English where it names a language other than Chinese, else Chinese.

    Examples
    --------
    >>> locale_language({"LANG": "en_GB.UTF-8"}), locale_language({"LC_ALL": "C.UTF-8", "LANG": "en_US"})
    ('en', 'zh')
    """
    names = [environment[name] for name in VARIABLES if environment.get(name)]
    # Windows sets none of them; Python reads the user's locale there.
    name = names[0] if names else (locale.getlocale()[0] or "") if os.name == "nt" else ""
    language = name.partition(".")[0]
    return "zh" if language in NEUTRAL or language.lower().startswith(("zh", "chinese")) else "en"


def language_of(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> str:
    """Return the language in which to answer a command: that of ``--language``, wherever it stands, or of the locale.

    Examples
    --------
    >>> language_of(["run", "--language", "en", "plan"], {}), language_of(["brief", "--language=both"], {})
    ('en', 'zh')
    """
    given = " ".join(words).replace("--language=", "--language ").split(" ")
    asked = [following for word, following in pairwise(given) if word == "--language" and following in ("zh", "en")]
    return asked[-1] if asked else locale_language(environment)


#: The city that a command is about; `model.city.choose_city` reads what it says before anything else is.
CityOption = Annotated[
    str | None,
    typer.Option(
        "--city", metavar="NAME", help="The city: a name that `list cities` gives, or the folder of a city pack."
    ),
]


def with_language(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option ``--language``, if it has none of its own; `language_of` reads what it says."""
    if "language" in inspect.signature(command).parameters:
        return command

    def called(language: str | None, *given: Any, **named: Any) -> None:
        with printed_in(language or screen_language()):
            command(*given, **named)

    said = typer.Option(help="Of what is printed; that of the locale if left out.")
    return _with_option(command, "language", Annotated[Language | None, said], called)


def with_city(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option ``--city``, so that it may be written behind the command too."""

    def called(_: str | None, *given: Any, **named: Any) -> None:
        command(*given, **named)

    return _with_option(command, "city", CityOption, called)


def _with_option(
    command: Callable[..., None], name: str, annotation: Any, called: Callable[..., None]
) -> Callable[..., None]:
    """Return a command with one option more, whose value `called` is given first."""
    signature = inspect.signature(command, eval_str=True)
    option = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)

    @wraps(command)
    def extended(*given: Any, **named: Any) -> None:
        called(named.pop(name, None), *given, **named)

    parameters = [*signature.parameters.values(), option]
    extended.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    extended.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    return extended
