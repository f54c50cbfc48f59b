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
    "decompose": "Write the adapter as its exact singular value decomposition.",
    "evaluate": "Compare base and expert on the same items.",
    "package": "Pack an accepted expert for one base.",
    "keygen": "Make a publisher's key pair.",
    "sign": "Sign a package.",
    "verify": "Check every byte of a package and who vouches for it.",
    "validate": "Check a manifest, an expert's folder or a package.",
    "unpack": "Write a package's members into a new folder.",
    "inspect": "Show what is in a manifest, an expert's folder or a package.",
    "diff": "Compare two experts: manifests, members, tensors, evaluation.",
    "release": "Collect the signed packages into dist/.",
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
            return super().main(*args, **kwargs)
        except ExpertError as error:
            _report(error)
            sys.exit(error.exit_code)
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            click.echo(f"Error:{where}: {error.strerror or error}", err=True)
            sys.exit(1)


@click.group(cls=LazyGroup)
@click.version_option(package_name="expertkit")
def main() -> None:
    """From parameters to a signed expert: train, decompose, evaluate, package, sign, release."""


def _report(error: ExpertError) -> None:
    click.echo(_lines(f"Error: {error}"), err=True)
    if error.hint:
        click.echo(_lines(f"Hint: {error.hint}"), err=True)


def warn(warnings: Iterable[Problem]) -> None:
    """Tell a person what was put up with."""
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)


def emit(value: dict[str, Any], *, as_json: bool, text: str) -> None:
    """Print a command's result: one JSON object with ``--json``, a line for people without."""
    click.echo(json.dumps(value, ensure_ascii=False) if as_json else _lines(text))


def _lines(text: str) -> str:
    """The text as its lines, each without what would steer a terminal: much of it strangers wrote."""
    return "\n".join(map(printable, text.split("\n")))
