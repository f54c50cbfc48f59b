"""Options that several commands share, with every spelling that is accepted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from expertkit import layout


def _expert_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """``expert-sql`` from a name, an expert's folder or the path of its manifest."""
    if value is None or ("/" not in value and value != "manifest.json" and not Path(value, "manifest.json").exists()):
        return value
    path = Path(value).resolve()
    folder = path.parent if path.name == "manifest.json" else path
    if folder.parent != layout.EXPERTS.resolve():
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
    return click.argument(name, type=click.Path(path_type=Path), required=required, callback=existing)


def existing(_context: click.Context, _option: click.Parameter, value: Path | None) -> Path | None:
    """The path, or the folder of the project's expert of that name."""
    if value is None:
        return None
    for candidate in (value, layout.EXPERTS / value):
        if candidate.exists():
            return candidate
    raise click.UsageError(f"{value}: expected a manifest, an expert's folder or a package, got no such file")


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
