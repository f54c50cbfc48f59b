"""``expert-cli inspect``: what a manifest, an expert's folder or a package holds."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options, reading
from expertkit.cli.main import emit


@click.command("inspect")
@options.expert_path()
@reading.dump_metadata
@reading.list_sections
@options.as_json
def command(path: Path, *, dump_metadata: bool, list_sections: bool, as_json: bool) -> None:
    """Show what PATH says about itself: a manifest.json, an expert's folder or a package, of ours or of others.

    Every hash in a package is checked, the signature is not: that is expert-cli verify.

    Example: expert-cli inspect dist/expert-sql-qwen3-tiny.v1.0.0.expert
    """
    from expertkit.packages.inspection import inspect, render
    from expertkit.packages.reading.opening import open_expert

    if reading.show_parts(path, metadata=dump_metadata, sections=list_sections, compatible=True, as_json=as_json):
        return
    reading.tell_forms(path)
    facts = inspect(open_expert(path, compatible=True))
    emit(facts, as_json=as_json, text=render(facts))
