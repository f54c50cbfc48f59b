"""``expert-cli validate``: a manifest, an expert's folder or a package, checked without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from expertkit import layout
from expertkit.cli.main import emit
from expertkit.cli.options import as_json


@click.command("validate")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--expert", "--manifest", "-e", "-m", "option", metavar="PATH", type=click.Path(path_type=Path),
    help="The same as PATH; an expert's name will do.",
)  # fmt: skip
@as_json
def command(path: Path | None, option: Path | None, *, as_json: bool) -> None:
    """Check PATH: a manifest.json, an expert's folder or an .expert package.

    Example: expert-cli validate experts/expert-sql
    """
    asked = [each for each in (path, option) if each is not None]
    if len(asked) != 1:
        raise click.UsageError("expected one path, as argument or with --expert")
    found = _existing(asked[0])
    facts = _check_package(found) if found.suffix == ".expert" else _check_manifest(found)
    emit(
        {"path": str(found), "valid": True, **facts},
        as_json=as_json,
        text=f"{found}: valid, {facts['name']} {facts['version']} for {', '.join(facts['bases'])}",
    )


def _existing(path: Path) -> Path:
    """The path, or the expert's folder of that name."""
    for candidate in (path, layout.EXPERTS / path):
        if candidate.exists():
            return candidate
    raise click.UsageError(f"{path}: expected a manifest, an expert's folder or a package, got no such file")


def _check_manifest(path: Path) -> dict[str, Any]:
    from expertkit.manifest import loads
    from expertkit.recipes.experts import check_folder

    manifest = check_folder(path) if path.is_dir() else loads(path.read_bytes(), file=str(path))
    bases = [entry.name for entry in manifest.base_models]
    return {"kind": "folder" if path.is_dir() else "manifest", **_facts(manifest.name, manifest.version, bases)}


def _check_package(path: Path) -> dict[str, Any]:
    from expertkit.packages.verify import check_archive

    manifest = check_archive(path).manifest
    bases = [entry.name for entry in manifest.base_models]
    return {"kind": "package", **_facts(manifest.name, manifest.version, bases)}


def _facts(name: str, version: str, bases: list[str]) -> dict[str, Any]:
    return {"name": name, "version": version, "bases": bases}
