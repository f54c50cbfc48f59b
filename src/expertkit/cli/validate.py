"""``expert-cli validate``: a manifest, an expert's folder or a package, checked without running anything."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expertkit.cli import options, reading
from expertkit.cli.main import emit, warn

if TYPE_CHECKING:
    from expertkit.packages.reading.opening import Opened


@click.command("validate")
@options.expert_path(required=False)
@click.option(
    "--expert", "--manifest", "-e", "-m", "option", metavar="PATH", type=options.PATH,
    callback=options.existing, help="The same as PATH; an expert's name will do.",
)  # fmt: skip
@click.option("--compatible", is_flag=True, help="Put up with what others made, and tell it as warnings.")
@click.option(
    "--verify-integrity", "is_whole", is_flag=True,
    help="Also read, hash and check every section of a container; an archive is always read whole.",
)  # fmt: skip
@click.option("--time", "is_timed", is_flag=True, help="Say how long checking took, without starting the program.")
@reading.dump_metadata
@reading.list_sections
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    path: Path | None, option: Path | None, *, compatible: bool, is_whole: bool, is_timed: bool, dump_metadata: bool,
    list_sections: bool, as_json: bool,
) -> None:  # fmt: skip
    """Check PATH: a manifest.json, an expert's folder or an .expert package.

    Of a container header, metadata, table of contents and root digest are checked, which takes no longer for a
    larger one; its sections with --verify-integrity. With --compatible older manifests and archives of other programs
    are read as well; they are never trusted.

    Example: expert-cli validate experts/expert-sql
    """
    from expertkit.packages.reading.opening import open_expert, preload

    asked = [each for each in (path, option) if each is not None]
    if len(asked) != 1:
        raise click.UsageError("expected one path, as argument or with --expert")
    (place,) = asked
    if is_timed and (dump_metadata or list_sections):
        raise click.UsageError("expected --time without --dump-metadata and --list-sections")
    if reading.show_parts(
        place, metadata=dump_metadata, sections=list_sections, compatible=compatible, as_json=as_json,
        is_whole=is_whole,
    ):  # fmt: skip
        return
    reading.tell_forms(place)
    preload(place)
    begun = time.perf_counter()
    opened = open_expert(place, compatible=compatible, is_whole=is_whole)
    took = 1000 * (time.perf_counter() - begun)
    warn(opened.reading.warnings)
    facts, text = _facts(opened), _text(opened)
    if is_timed:
        facts, text = facts | {"milliseconds": round(took, 3)}, [*text, f"checked in {took:.1f} ms"]
    emit(facts, as_json=as_json, text=text)


def _facts(opened: Opened) -> dict[str, Any]:
    manifest, warnings = opened.manifest, opened.reading.warnings
    return {
        "path": str(opened.path), "valid": True, "kind": opened.kind, "name": manifest.name,
        "version": manifest.version, "schema": manifest.schema_version,
        "bases": [entry.name for entry in manifest.base_models],
        "sections_read": opened.package is not None if opened.outline else None,
        "warnings": [{"place": each.place, "expected": each.expected, "got": each.got} for each in warnings],
    }  # fmt: skip


def _text(opened: Opened) -> list[str]:
    manifest = opened.manifest
    bases = ", ".join(entry.name for entry in manifest.base_models)
    text = [f"{opened.path}: valid, {manifest.name} {manifest.version} for {bases}"]
    if opened.outline and opened.package is None:
        text.append(f"{len(opened.outline.entries)} sections were not read; --verify-integrity does")
    return text
