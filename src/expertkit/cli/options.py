"""Options that several commands share, with every spelling that is accepted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from expertkit import layout
from expertkit.containers.settings import LEVELS, Codec
from expertkit.files import real_path

PATH = click.Path(path_type=Path, readable=False)
"""A path, wherever it leads. Whoever opens it finds out whether it may be read: see ``There``."""


class There(click.Path):
    """A path that leads somewhere, or the command line is wrong.

    What may not be read or looked at is an error of the system instead, with one exit status wherever it is met:
    on the command line, in a folder or behind a name.
    """

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(exists=True, readable=False, path_type=Path, file_okay=file_okay, dir_okay=dir_okay)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:  # fmt: skip
        """The path, once it is there and of the right kind."""
        _is_there(Path(value))
        return super().convert(value, param, ctx)


def _expert_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """``expert-sql`` from a name, an expert's folder or the path of its manifest."""
    if value is None or ("/" not in value and value != "manifest.json" and not Path(value, "manifest.json").exists()):
        return value
    path = real_path(Path(value))
    folder = path.parent if path.name == "manifest.json" else path
    if folder.parent != real_path(layout.EXPERTS):
        raise click.BadParameter(
            f"{value}: expected an expert of this project, in {layout.EXPERTS}/, got another place"
        )
    return folder.name


def _base_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """The project's base that is meant, however it is spelled; where there is none, what it would be called."""
    if value is None:
        return None
    from expertkit.manifest import base_slug, matching
    from expertkit.recipes.base_models import base_names

    found = matching(value, base_names(Path()))
    if len(found) > 1:
        raise click.BadParameter(f"expected the name of one base model, got {value}, which may be {' or '.join(found)}")
    return found[0] if found else base_slug(value)


F = TypeVar("F", bound=Callable[..., Any])


def expert(*, required: bool = True) -> Callable[[F], F]:
    """``--expert`` (also ``--manifest``, ``-m``): a name, a folder or a manifest's path."""
    return click.option(
        "--expert", "--manifest", "-m", "expert", required=required, callback=_expert_name,
        metavar="NAME", help="The expert: its name, its folder or its manifest.json.",
    )  # fmt: skip


def base(*, required: bool = True) -> Callable[[F], F]:
    """``--base`` (also ``--model``): a base model of params.yaml."""
    return click.option(
        "--base", "--model", "base", required=required, callback=_base_name,
        metavar="NAME", help="The base model the adapter is for, however spelled.",
    )  # fmt: skip


def expert_path(name: str = "path", *, required: bool = True) -> Callable[[F], F]:
    """A manifest, a folder or a package; the name of one of the project's experts will do."""
    return click.argument(name, type=PATH, required=required, callback=existing)


def existing(_context: click.Context, _option: click.Parameter, value: Path | None) -> Path | None:
    """The path, or the folder of the project's expert of that name."""
    if value is None:
        return None
    for candidate in (value, layout.EXPERTS / value):
        if _is_there(candidate):
            return candidate
    raise click.UsageError(f"{value}: expected a manifest, an expert's folder or a package, got no such file")


def _is_there(path: Path) -> bool:
    """Whether a path leads somewhere.

    Raises:
        PermissionError: nobody knows.
    """
    try:
        path.stat()
    except PermissionError:
        raise
    except OSError:
        return False
    return True


def _columns(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """``response=queue`` and the like as a mapping."""
    from expertkit.recipes.own_data import ROLES

    found = {role: column for role, _, column in (said.partition("=") for said in value)}
    odd = [said for said in value if said.partition("=")[0] not in ROLES or not said.partition("=")[2]]
    if odd:
        raise click.BadParameter(f"expected PART=NAME with one of {', '.join(ROLES)}, got {', '.join(odd)}")
    return found


columns = click.option(
    "--column", "columns", multiple=True, callback=_columns, metavar="PART=NAME",
    help="Which column of own data is the instruction, input, response, category or group, if its name is unusual.",
)  # fmt: skip
"""``--column``, any number of times."""

codec = click.option(
    "--codec", type=click.Choice(get_args(Codec)), metavar="CODEC",
    help="How the sections of a container are stored: auto, raw, zstd or planes.",
)  # fmt: skip
compression_level = click.option(
    "--compression-level", type=click.IntRange(*LEVELS), metavar="N",
    help=f"How hard zstd tries in a container, {LEVELS[0]} to {LEVELS[1]}.",
)  # fmt: skip
alignment = click.option(
    "--alignment", type=click.Choice(["64", "4096"]), metavar="BYTES",
    help="What sections of a container begin at a multiple of: 64, or 4096 for reading past the system's cache.",
)  # fmt: skip


def check_storage(form: str, *, codec: str | None, level: int | None, alignment: str | None) -> None:
    """Return if what was asked for about the sections of a container has an effect.

    Raises:
        click.UsageError: it has none.
    """
    if form == "archive" and {codec, level, alignment} != {None}:
        raise click.UsageError("expected --codec, --compression-level and --alignment for a binary package alone")
    if level is not None and codec == "raw":
        raise click.UsageError("expected --compression-level with a codec that compresses, got raw")


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
