"""The page docs/cli.md: every word about a command is the command's own ``--help``, in a terminal of 80 columns."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from expertkit import errors
from expertkit.cli.main import main as group
from expertkit.errors import ExpertError

_WIDTH = 78  # of click's help in a terminal of 80 columns
_HEAD = """\
# expert-cli

What every command says about itself with `--help`; written by `make docs`. With `--json` a command prints one JSON
object on stdout; messages go to stderr.

| exit status | meaning |
|---|---|
| 0 | Done. |
| 1 | Anything else: no space, no memory, no network, or `release` with a refused expert; and no permission, whether a \
file was named on the command line or found in a folder. |
| 2 | The command line is wrong: also a path that leads nowhere, or to a folder where a file is asked for. |
"""


def render() -> str:
    """The page as it should be."""
    sections = [f"## {each.command_path}\n\n```text\n{each.get_help()}\n```\n" for each in contexts()]
    return "\n".join([_HEAD + _statuses(), *sections])


def contexts(within: click.Context | None = None) -> Iterator[click.Context]:
    """A context for the group, each of its commands and theirs, in the order of the release line."""
    context = within or click.Context(group, info_name="expert-cli", terminal_width=_WIDTH)
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from contexts(click.Context(found, info_name=name, parent=context))


def _statuses() -> str:
    """A row for each kind of error that has an exit status of its own."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ExpertError)]
    leaves = sorted((kind.exit_code, kind.__name__, inspect.getdoc(kind)) for kind in kinds if kind.exit_code > 1)
    kept = [row for row in leaves if row[1] != errors.ProblemsError.__name__]
    return "".join(f"| {code} | {name}: {said} |\n" for code, name, said in kept)
