"""``expert-cli diff``: what two experts differ in."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options, reading
from expertkit.cli.main import emit


@click.command("diff")
@options.expert_path("first")
@options.expert_path("second")
@options.as_json
def command(first: Path, second: Path, *, as_json: bool) -> None:
    """Compare FIRST and SECOND, each a manifest.json, an expert's folder or a package.

    Manifests are compared value by value, packages also member by member, tensor by tensor (Frobenius norms) and
    by their evaluation.

    Example: expert-cli diff old.expert dist/expert-sql-qwen3-tiny.v1.0.0.expert
    """
    from expertkit.packages.difference import diff, render
    from expertkit.packages.reading.opening import open_expert

    reading.tell_forms(first, second)
    found = diff(open_expert(first, compatible=True), open_expert(second, compatible=True))
    emit({"first": str(first), "second": str(second), **found}, as_json=as_json, text=render(found))
