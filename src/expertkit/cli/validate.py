"""``expert-cli validate``: a manifest, an expert's folder or a package, checked without running anything."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options
from expertkit.cli.main import emit, warn


@click.command("validate")
@options.expert_path(required=False)
@click.option(
    "--expert", "--manifest", "-e", "-m", "option", metavar="PATH", type=options.PATH,
    callback=options.existing, help="The same as PATH; an expert's name will do.",
)  # fmt: skip
@click.option("--compatible", is_flag=True, help="Put up with what others made, and tell it as warnings.")
@options.as_json
def command(path: Path | None, option: Path | None, *, compatible: bool, as_json: bool) -> None:
    """Check PATH: a manifest.json, an expert's folder or an .expert package.

    With --compatible older manifests and archives of other programs are read as well; they are never trusted.

    Example: expert-cli validate experts/expert-sql
    """
    from expertkit.packages.reading.opening import open_expert

    asked = [each for each in (path, option) if each is not None]
    if len(asked) != 1:
        raise click.UsageError("expected one path, as argument or with --expert")
    opened = open_expert(asked[0], compatible=compatible)
    manifest, warnings = opened.manifest, opened.reading.warnings
    warn(warnings)
    bases = [entry.name for entry in manifest.base_models]
    facts = {
        "path": str(opened.path), "valid": True, "kind": opened.kind, "name": manifest.name,
        "version": manifest.version, "schema": manifest.schema_version, "bases": bases,
        "warnings": [{"place": each.place, "expected": each.expected, "got": each.got} for each in warnings],
    }  # fmt: skip
    text = f"{opened.path}: valid, {manifest.name} {manifest.version} for {', '.join(bases)}"
    emit(facts, as_json=as_json, text=text)
