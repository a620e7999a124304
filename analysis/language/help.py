"""The help of every command in the language of the screen, and how a wrong request is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import typer
import yaml
from typer.core import TyperCommand, TyperGroup

from analysis.language.mistakes import in_screen_language, wrong_options
from analysis.outcome.screen import screen_language
from model.engine.errors import UserError, near

FILE: Final = Path(__file__).with_name("help.yaml")
#: What the file calls the help of all commands together.
WHOLE: Final = "all commands"
ABOUT: Final = "about"
#: Options that take what other commands take as words.
TAKES_NAMES: Final = ("scenario", "target")
#: How Typer's reader of values says what a number must be, and how it is told here.
NUMBERS: Final = {
    "Input should be a valid integer, unable to parse string as an integer": "write a whole number, without a unit.",
    "Input should be a valid integer, got a number with a fractional part": "write a whole number.",
    "Input should be a valid number, unable to parse string as a number": "write a number without a unit; 80 % is 0.8.",
}
#: What is not among the values of an option.
CHOICE: Final = re.compile(r"'(?P<given>[^']*)' is not one of (?P<values>'.*')\.$")
#: Commands that do not read the parts of a request in `analysis.command_line.collect_mistakes`.
WITHOUT_CHECKS: Final = frozenset(
    {"page", "dashboard", "template", "calibrate", "check", "list", "city build", "city new"}
)


@cache
def help_words() -> Mapping[str, Any]:
    """Return the Chinese words of the help, by section of the file."""
    # Read without the checks of other files, which take longer to load than the help to show.
    words: Mapping[str, Any] = yaml.load(
        FILE.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return words


def help_text(command: str, option: str = ABOUT) -> str | None:
    """Return the Chinese help of a command, or of an option or argument by its name in the code.

    Examples
    --------
    >>> help_text("run", "out"), help_text("run", "turbo")
    ('数据、表格和图的存放文件夹。', None)
    """
    words = help_words()
    text = words["commands"].get(command, {}).get(option) or words["shared"].get(option)
    return None if text is None else str(text).strip()


class TranslatedCommand(TyperCommand):
    """A command that explains itself in the language of the screen."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read options and arguments; where some are wrong, tell all of them at once."""
        wrong_options.set(())
        try:
            return super().parse_args(ctx, list(args))
        except (typer.TyperException, UserError):
            if screen_language() == "zh":
                # Arguments are called as the line of usage calls them.
                _translate(self, ctx)
            mistakes, complete = self._mistakes(ctx, list(args))
            if not mistakes:
                raise
            if not complete or self.name in WITHOUT_CHECKS:
                ctx.fail("\n".join(mistakes))
            # The command tells what else is wrong, and ends before anything runs.
            wrong_options.set(tuple(mistakes))
            return []

    def _mistakes(self, ctx: Any, left: list[str]) -> tuple[list[str], bool]:
        """Read the words again, going on behind each mistake; whether the command can be called without them."""
        found: dict[str, None] = {}
        given: dict[str, Any] = {}
        rest: list[str] = []
        complete = understood = True
        while left:
            try:
                given, rest, _ = self.make_parser(ctx).parse_args(list(left))
                break
            except typer.TyperException as error:
                found[_flat(error)], understood = None, False
                name = getattr(error, "option_name", None)
                place = next(
                    (place for place, word in enumerate(left) if word.partition("=")[0] == name), len(left) - 1
                )
                # The value of an option that is not there stands behind it.
                valued = "=" not in left[place] and left[place + 1 : place + 2] and left[place + 1][:1] != "-"
                del left[place : place + (2 if valued else 1)]
        for param in (one for one in self.get_params(ctx) if not one.is_eager):
            try:
                param.handle_parse_result(ctx, given, rest)
            except (typer.TyperException, UserError) as error:
                # What is missing may have been taken for the value of an option that is not there.
                if understood or given.get(param.name):
                    found[_flat(error)] = None
                complete = complete and not param.required
                if not param.required:
                    param.handle_parse_result(ctx, {}, rest)
        if rest and understood:
            takes = [f"--{param.name}" for param in self.get_params(ctx) if param.name in TAKES_NAMES]
            where = f". Names are given with {' or '.join(takes)}." if takes else ""
            found[f"Got unexpected extra argument(s) ({' '.join(rest)}){where}"] = None
        ctx.args = rest
        return list(found), complete

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show the help."""
        with help_in_screen_language(self, ctx):
            super().format_help(ctx, formatter)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line that says how the command is called."""
        write_usage(self, ctx, formatter)


def _flat(error: typer.TyperException | UserError) -> str:
    """What is wrong, in a line and in words for who types it, not for who programs."""
    if isinstance(error, UserError):
        return str(error)
    text = " ".join(error.format_message().replace(",\n\t", ", ").split()).replace("Value error, ", "")
    for theirs, ours in NUMBERS.items():
        text = text.replace(theirs, ours)
    if choice := CHOICE.search(text):
        text += near(choice["given"], re.findall(r"'([^']*)'", choice["values"]))
    return text


def write_usage(command: TyperCommand | TyperGroup, context: Any, formatter: Any) -> None:
    """Write how a command is called."""
    prefix = None
    if screen_language() == "zh":
        frame = help_words()["frame"]
        _translate(command, context)
        prefix = frame["usage"]
        command.options_metavar = frame["options in usage"]
        if isinstance(command, TyperGroup):
            command.subcommand_metavar = frame["commands in usage"]
    formatter.write_usage(context.command_path, " ".join(command.collect_usage_pieces(context)), prefix=prefix)


@contextmanager
def wrong_requests_told() -> Iterator[None]:
    """Tell what is wrong with an option or an argument in the language of the screen, and exit."""
    try:
        yield
    except typer.TyperException as error:
        if screen_language() != "zh":
            raise
        _tell(error)
        raise typer.Exit(error.exit_code) from None


def _tell(error: typer.TyperException) -> None:
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    console, frame = Console(stderr=True, highlight=False), help_words()["frame"]
    context = getattr(error, "ctx", None)
    if context is not None:
        console.print(Text(context.get_usage(), style="bold"))
        console.print(Text(frame["hint"].format(command=context.command_path), style="dim"))
    message = Text(
        in_screen_language("\n".join(map(str.strip, error.format_message().replace(",\n\t", ", ").splitlines())))
    )
    console.print(Panel(message, title=frame["error"], title_align="left", border_style="red"))


@contextmanager
def help_in_screen_language(command: TyperCommand | TyperGroup, context: Any) -> Iterator[None]:
    """Have the help of a command, and what Typer writes around it, shown in the language of the screen."""
    if screen_language() != "zh":
        yield
        return
    # Loaded here, as it takes longer than anything else that a command needs to start.
    from typer import rich_utils

    plain = rich_utils._make_rich_text

    def folded(**named: Any) -> Any:
        # A Chinese sentence is one word to a table, which would cut it off where it is too long.
        text = plain(**named)
        text.overflow = "fold"  # type: ignore[union-attr]
        return text

    _translate(command, context)
    frame = help_words()["frame"]
    theirs = {
        "OPTIONS_PANEL_TITLE": frame["options"],
        "ARGUMENTS_PANEL_TITLE": frame["arguments"],
        "COMMANDS_PANEL_TITLE": frame["commands"],
        "DEFAULT_STRING": frame["default"],
        "REQUIRED_LONG_STRING": frame["required"],
        "_make_rich_text": folded,
    }
    before = {constant: getattr(rich_utils, constant) for constant in theirs}
    try:
        for constant, word in theirs.items():
            setattr(rich_utils, constant, word)
        yield
    finally:
        for constant, english in before.items():
            setattr(rich_utils, constant, english)


def _translate(command: TyperCommand | TyperGroup, context: Any) -> None:
    name = WHOLE if isinstance(command, TyperGroup) else command.name or ""
    values = help_words()["values"]
    command.help = help_text(name) or command.help
    option: Any
    for option in command.get_params(context):
        option.help = help_text(name, option.name) or option.help
        kind = option.display_type_rich(context)
        named = option.name if option.param_type_name == "argument" and option.metavar is None else option.metavar
        option.metavar = values.get(named, option.metavar)
        option.display_type_rich = partial(_shown, values.get(kind, kind))


def _shown(kind: str | None, ctx: Any) -> str | None:
    return kind
