"""What the commands that read a package say of its form, and what validate and inspect show of a container."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from expertkit.cli.main import emit, say, warn
from expertkit.errors import FormatError

F = TypeVar("F", bound=Callable[..., Any])

dump_metadata = click.option("--dump-metadata", is_flag=True, help="Print the manifest alone, as JSON.")
list_sections = click.option("--list-sections", is_flag=True, help="Print a container's table of contents.")


def tell_forms(*paths: Path) -> None:
    """Say on stderr in which form each package was found, and once what becomes of archives; nothing of other files."""
    from expertkit.packages.reading.opening import describe_form

    found: dict[Path, str] = {}
    for path in paths:
        with suppress(FormatError, OSError):  # which the command itself meets next
            form = None if path.is_dir() else describe_form(path)
            found |= {path: form} if form else {}
    for path, form in found.items():
        say(f"{path}: {form}", err=True)
    if any(form.startswith("archive") for form in found.values()):
        say("archives will be retired: expert-cli convert makes containers of them (docs/migration.md)", err=True)


def show_parts(
    path: Path, *, metadata: bool, sections: bool, compatible: bool, as_json: bool, is_whole: bool = False
) -> bool:
    """Print what was asked for alone, and say whether anything was; no section is read for it unless ``is_whole``."""
    if not metadata and not sections:
        return False
    from expertkit.files import dump_json
    from expertkit.packages import inspection
    from expertkit.packages.reading.opening import open_expert

    tell_forms(path)
    opened = open_expert(path, compatible=compatible, is_whole=is_whole)
    warn(opened.reading.warnings)
    raw = dict(opened.manifest.raw)
    rows = inspection.list_sections(opened) if sections else []
    shown = dump_json(raw).decode().splitlines() if metadata else []
    table = inspection.render_sections(rows) if sections else ()
    facts = {**({"metadata": raw} if metadata else {}), **({"sections": rows} if sections else {})}
    emit(facts, as_json=as_json, text=[*shown, *table])
    return True
