"""The command line: `python run_scenarios.py COMMAND`, or `jinan COMMAND` where the project is installed."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

#: The module of each command, which is loaded only when the command is called.
COMMANDS: Final = {
    "run": "analysis.run.command",
    "reach": "analysis.reach.command",
    "compare": "analysis.comparison.command",
    "conditions": "analysis.conditions.command",
    "sensitivity": "analysis.sensitivity.command",
    "backcast": "analysis.effort.backcast.command",
    "frontier": "analysis.effort.frontier.command",
    "delay": "analysis.effort.delay.command",
    "left-out": "analysis.left_out.command",
    "information": "analysis.information.command",
    "brief": "analysis.briefing.command",
    "dashboard": "analysis.dashboard.command",
    "assess": "analysis.assessment.command",
    "calibrate": "analysis.calibrate_command",
    "check": "analysis.check_command",
}


class LazyCommands(TyperGroup):
    """A group whose help is read from the commands' source, so that none is loaded to list them."""

    def list_commands(self, context: Any) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, context: Any, name: str) -> TyperCommand | None:
        """Return a command as the list of commands shows it."""
        if name not in COMMANDS:
            return None
        source = Path(__file__).parent.joinpath(*COMMANDS[name].split(".")).with_suffix(".py")
        body = ast.parse(source.read_text(encoding="utf-8")).body
        command = next(node for node in body if isinstance(node, ast.FunctionDef) and node.decorator_list)
        return TyperCommand(name, help=ast.get_docstring(command))

    def resolve_command(self, context: Any, words: list[str]) -> tuple[str | None, Any, list[str]]:
        """Load the command that is called, or name the nearest one."""
        name = words[0]
        if name not in COMMANDS:
            near = get_close_matches(name, COMMANDS, n=1)
            context.fail(f"There is no command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return name, typer.main.get_command(import_module(COMMANDS[name]).app), words[1:]


app = typer.Typer(cls=LazyCommands, add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Say which targets of Jinan's urbanization plan are reached by 2025 and 2035, under which policies.

    Without a command, every shipped scenario is run.
    """
    if context.invoked_subcommand is None:
        import_module(COMMANDS["run"]).run()


if __name__ == "__main__":
    app()
