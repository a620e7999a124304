"""The command line: `python run_scenarios.py COMMAND`, or `jinan COMMAND` where the project is installed."""

from __future__ import annotations

import ast
import builtins
import gc
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from analysis.language.help import (
    TranslatedCommand,
    help_in_screen_language,
    help_text,
    write_usage,
    wrong_requests_told,
)
from analysis.language.mistakes import in_screen_language
from analysis.outcome.screen import (
    CityOption,
    Language,
    language_of,
    printed_in,
    screen_language,
    with_city,
    with_language,
)
from model.building import built_model
from model.city import choose_city, city
from model.engine.errors import UserError

#: The module of each command, which holds a function of the command's name.
COMMANDS: Final = {
    "run": "analysis.run.command",
    "reach": "analysis.reach.command",
    "compare": "analysis.comparison.command",
    "explain": "analysis.explanation.command",
    "conditions": "analysis.conditions.command",
    "sensitivity": "analysis.sensitivity.command",
    "backcast": "analysis.effort.backcast.command",
    "frontier": "analysis.effort.frontier.command",
    "delay": "analysis.effort.delay.command",
    "left-out": "analysis.left_out.command",
    "information": "analysis.information.command",
    "brief": "analysis.briefing.command",
    "page": "analysis.page.command",
    "dashboard": "analysis.page.command",
    "assess": "analysis.assessment.command",
    "template": "analysis.template.command",
    "export": "analysis.run.export_command",
    "monitor": "analysis.monitor.command",
    "compare-versions": "analysis.versions.command",
    "calibrate": "analysis.calibrate_command",
    "check": "analysis.check_command",
    "list": "analysis.list_command",
    "city build": "analysis.city.build",
    "city new": "analysis.city.new",
}


#: Other names by which a user may look for a command.
ALIASES: Final = {
    "report": "brief",
    "diff": "compare",
    "why": "explain",
    "probability": "reach",
    "ls": "list",
}


class LazyCommands(TyperGroup):
    """Commands whose modules are loaded only when they are called; their help is read from the source."""

    def main(self, args: Sequence[str] | None = None, *given: Any, **named: Any) -> Any:
        """Answer about the city and in the language that the line asks for."""
        words = [_half_width(word) for word in (sys.argv[1:] if args is None else args)]
        with printed_in(language_of(words)):
            try:
                choose_city(words)
                built_model()
                return super().main(words, *given, **named)
            except UserError as error:
                # Of the city's pack; mistakes in what is asked are told where they are found.
                typer.echo(in_screen_language(str(error)), err=True)
                sys.exit(2)

    def make_context(self, *given: Any, **named: Any) -> Any:
        """Read the words before the command."""
        with wrong_requests_told():
            return super().make_context(*given, **named)

    def invoke(self, context: Any) -> Any:
        """Call the command."""
        tell_if_uncalibrated()
        with wrong_requests_told():
            return super().invoke(context)

    def format_help(self, context: Any, formatter: Any) -> None:
        """Show the help of all commands."""
        with help_in_screen_language(self, context):
            super().format_help(context, formatter)

    def format_usage(self, context: Any, formatter: Any) -> None:
        """Write the line that says how a command is called."""
        write_usage(self, context, formatter)

    def list_commands(self, context: Any) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, context: Any, name: str) -> TyperCommand | None:
        """Return a command as the list of commands shows it."""
        name = ALIASES.get(name, name)
        if name not in COMMANDS:
            return None
        others = [other for other, own in ALIASES.items() if own == name]
        if screen_language() == "zh":
            also = f"（也可写{'、'.join(others)}）" if others else ""
            first, _, rest = (help_text(name) or "").partition("\n")
            return TranslatedCommand(name, help=f"{first.removesuffix('。')}{also}。\n{rest}")
        source = Path(__file__).parent.joinpath(*COMMANDS[name].split(".")).with_suffix(".py")
        body = ast.parse(source.read_text(encoding="utf-8")).body
        function = next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == _function(name))
        also = f" (also: {', '.join(others)})" if others else ""
        # The list shows the first sentence.
        first, _, rest = (ast.get_docstring(function) or "").partition("\n")
        return TyperCommand(name, help=f"{first.removesuffix('.')}{also}.\n{rest}")

    def resolve_command(self, context: Any, words: list[str]) -> tuple[str | None, Any, list[str]]:
        """Load the command that is called, or name the nearest one."""
        # Some commands have names of two words.
        if (both := " ".join(words[:2])) in COMMANDS:
            words = [both, *words[2:]]
        name = ALIASES.get(words[0], words[0])
        if name not in COMMANDS:
            near = get_close_matches(name, [*COMMANDS, *ALIASES], n=1)
            context.fail(f"There is no command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(name, cls=TranslatedCommand)(load_command(name))
        return name, typer.main.get_command(single), words[1:]


def _half_width(word: str) -> str:
    """A number in full-width digits as one in plain digits, alone or behind the name of an option."""
    number = re.fullmatch(r"(--[\w-]+=)?([０-９．％]+)", word)
    return word if number is None else (number[1] or "") + unicodedata.normalize("NFKC", number[2])


def tell_if_uncalibrated() -> None:
    """Say on the screen that the ensemble of the city is drawn from priors alone, where it is."""
    from calibration.fit.evidence import Evidence

    if Evidence.TO_2020.uncalibrated.exists():
        from analysis.outcome.words import screen_text

        name = city().title[screen_language()]
        typer.echo(screen_text("uncalibrated", name=name, remedy=Evidence.TO_2020.remedy), err=True)


def load_command(name: str) -> Callable[..., None]:
    """Return the function of a command, which turns a user's mistakes into a message and an exit code."""
    # What modules make while they load stays: to look for garbage in it, now and at the end, takes a fifth of the time
    # of a short call. Once only, as what is garbage by then is kept too.
    gc.disable()
    try:
        from analysis.command_line import exit_on_mistakes

        command: Callable[..., None] = getattr(import_module(COMMANDS[name]), _function(name))
        if not gc.get_freeze_count():
            gc.freeze()
    finally:
        gc.enable()
    return with_city(with_language(exit_on_mistakes()(command)))


def _function(name: str) -> str:
    # A name that Python has for something else ends with an underscore.
    return re.sub(r"[- ]", "_", name) + ("_" if hasattr(builtins, name) else "")


app = typer.Typer(cls=LazyCommands, add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    language: Annotated[
        Language | None, typer.Option(help="Of what is printed; that of the locale if left out.")
    ] = None,
    city: CityOption = None,
) -> None:
    """Say which targets of a city's urbanization plan are reached by 2025 and 2035, under which policies.

    Without a command, every shipped scenario is run.
    """
    if sys.platform == "win32":
        # Redirected output has the encoding of the system there, which lacks signs that tables hold.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="replace")
    if context.invoked_subcommand is None:
        load_command("run")()


if __name__ == "__main__":
    app()
