"""``expert-cli migrate``: a manifest of schema 1.0 in schema 2.0."""

from __future__ import annotations

from pathlib import Path
from stat import S_IMODE

import click

from expertkit.cli import options
from expertkit.cli.main import emit, warn


@click.command("migrate")
@options.expert_path()
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@options.as_json
def command(path: Path, *, dry_run: bool, as_json: bool) -> None:
    """Write the manifest PATH, or that of an expert's folder or name, in schema 2.0.

    Every other byte of it stays. What cannot be kept is an error, and nothing is written. A manifest of schema 2.0
    stays as it is.

    Example: expert-cli migrate experts/expert-old --dry-run
    """
    from expertkit.files import real_path, write_bytes
    from expertkit.manifest import load, migrate_text
    from expertkit.recipes.experts import read_text

    shown = path / "manifest.json" if path.is_dir() else path
    file = real_path(shown)
    before = read_text(file)
    reading = load(before, file=str(shown), compatible=True)
    after = migrate_text(before, file=str(shown))
    is_new, version = after != before, reading.manifest.schema_version
    warn(reading.warnings)
    if is_new and not dry_run:
        write_bytes(file, after, mode=S_IMODE(file.stat().st_mode))
    facts = {"path": str(shown), "from": version, "to": "2.0", "changed": is_new, "written": is_new and not dry_run}
    difference = _diff(before, after, str(shown)) if is_new and dry_run else []
    text = difference or [f"{shown}: {_outcome(is_new=is_new)}"]
    emit({**facts, **({"difference": "\n".join(difference)} if dry_run else {})}, as_json=as_json, text=text)


def _outcome(*, is_new: bool) -> str:
    return "written in schema 2.0" if is_new else "schema 2.0 already, nothing to do"


def _diff(before: bytes, after: bytes, file: str) -> list[str]:
    """What changes, line by line."""
    import difflib

    old, new = (text.decode().splitlines() for text in (before, after))
    return list(difflib.unified_diff(old, new, file, f"{file} (schema 2.0)", lineterm=""))
