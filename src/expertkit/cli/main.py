"""The command group: commands found lazily, errors turned into one clear line and an exit status.

A command is the attribute ``command`` of a module of this package, imported only when it is
asked for: nothing heavy is loaded for ``--help``.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterable
from typing import Any

import click

from expertkit.errors import ExpertError, Problem, printable
from expertkit.instructions import use_common_instructions

COMMANDS = {
    "init": "Start a new expert: its folder with everything that the line asks for.",
    "migrate": "Write a manifest of schema 1.0 in schema 2.0.",
    "base": "Build and identify base models.",
    "recipes": "Resolve params.yaml into one recipe per expert and base.",
    "data": "Build the data an expert learns from.",
    "train": "Train an expert's adapter for one base.",
    "search": "Find the smallest adapter that is still as good.",
    "decompose": "Write the adapter that is shipped, whole or compressed.",
    "osd": "Look at compressed adapters.",
    "evaluate": "Compare base and expert on the same items.",
    "package": "Pack an accepted expert for one base.",
    "keygen": "Make a publisher's key pair.",
    "cert": "Make, issue, show and revoke certificates.",
    "trust": "Say whose packages are taken.",
    "sign": "Sign a package.",
    "replay": "Ask a signed package again what was recorded.",
    "verify": "Check every byte of a package and who vouches for it.",
    "validate": "Check a manifest, an expert's folder or a package.",
    "unpack": "Write a package's members into a new folder.",
    "convert": "Write packages in the other form.",
    "export": "Write a package for other tools.",
    "inspect": "Show what is in a manifest, an expert's folder or a package.",
    "diff": "Compare two experts: manifests, members, tensors, evaluation.",
    "reproduce": "Make a released package again from its own provenance.",
    "release": "Collect the signed packages into dist/.",
    "promote": "Make what is in dist/ the released version.",
    "log": "Keep the append-only log of releases.",
    "examine": "Ask finished packages fresh questions.",
}
"""Every command with its one line of help; the module of the same name holds it."""


class LazyGroup(click.Group):
    """A group that imports a command's module only to run it or to show its help."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Names in the order of the release line."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"expertkit.cli.{cmd_name}").command
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and turn an expected error into its message, its hint and its exit status."""
        use_common_instructions(os.environ)
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False})  # or click prints its errors itself
        except (ExpertError, click.ClickException, click.Abort, OSError, MemoryError) as error:
            sys.exit(_report(error))
        return sys.exit(status) if kwargs.get("standalone_mode", True) else status


@click.group(cls=LazyGroup)
@click.version_option(package_name="expertkit")
def main() -> None:
    """From parameters to a signed expert: train, search, decompose, evaluate, package, sign, release."""


def warn(warnings: Iterable[Problem]) -> None:
    """Tell a person what was put up with."""
    for warning in warnings:
        say(f"Warning: {warning}", err=True)


def emit(value: dict[str, Any], *, as_json: bool, text: str | Iterable[str]) -> None:
    """Print a command's result: one JSON object with ``--json``, its line or lines for people without."""
    if as_json:
        click.echo(_json(value))
    else:
        say(*([text] if isinstance(text, str) else text))


def say(*lines: str, err: bool = False) -> None:
    """Print each text on a line of its own, whatever is in it: much of it strangers wrote.

    Everything for people is printed here, so that no command has to remember to escape it.
    """
    click.echo("\n".join(map(printable, lines)), err=err)


def _report(error: Exception) -> int:
    """Print an error, whoever raised it, and give its exit status."""
    match error:
        case ExpertError():
            first, *more = error.lines
            hint = [f"Hint: {error.hint}"] if error.hint else []
            say(f"Error: {first}", *more, *hint, err=True)
            return error.exit_code
        case click.exceptions.NoArgsIsHelpError():  # its message is our own help, of many lines
            error.show()
            return error.exit_code
        case click.ClickException():
            context = error.ctx if isinstance(error, click.UsageError) else None
            usage = (
                [*context.get_usage().split("\n"), f"Try '{context.command_path} --help' for help.", ""]
                if context
                else []
            )
            say(*usage, f"Error: {error.format_message()}", err=True)
            return error.exit_code
        case OSError():
            say(f"Error: {_describe(error)}", err=True)
        case MemoryError():
            say(f"Error: expected more memory, got too little{f': {error}' if str(error) else ''}", err=True)
        case _:
            say("Aborted!", err=True)
    return 1


def _describe(error: OSError) -> str:
    """The files that an error of the system is about, where it says so, and what it is."""
    files = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return ": ".join([*files, error.strerror or str(error) or type(error).__name__])


def _json(value: dict[str, Any]) -> str:
    """The value as one line of JSON: letters as they are, whatever would steer a terminal as an escape of JSON's."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)
