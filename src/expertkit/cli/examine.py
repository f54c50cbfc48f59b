"""``expert-cli examine``: finished packages and their base on fresh items."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("examine")
@click.argument("packages", type=options.There(dir_okay=False), nargs=-1, required=True)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), required=True, help="Of the items; the same seed gives the same ones."
)
@click.option("--items", type=click.IntRange(1), default=200, show_default=True, help="How many are asked.")
@click.option(
    "--alpha", type=click.FloatRange(0, 0.1, min_open=True), default=0.001, show_default=True,
    help="Level at which a lower score than a package was released with is a regression.",
)  # fmt: skip
@options.as_json
def command(packages: tuple[Path, ...], *, seed: int, items: int, alpha: float, as_json: bool) -> None:
    """Ask each PACKAGE and its base questions that nobody has seen, drawn anew by the expert's own generator.

    All packages are of one expert for one base, which lies in models/. The first one is what the others are compared
    with. A regression is a finding and no error of this command.

    Example: expert-cli examine dist/expert-sql-qwen3-tiny.v1.0.0.expert --seed 20260131
    """
    from expertkit.cli.examined import render
    from expertkit.evaluation.examinees import open_examinees
    from expertkit.evaluation.fresh import examine
    from expertkit.progress import progress

    examinees = open_examinees(packages)
    expert, base, *_ = examinees[0].about
    total = items * (1 + len(examinees))
    with progress(f"examine@{expert}-{base}", total=total, unit="answers") as shown:
        found = examine(Path(), examinees, seed=seed, items=items, alpha=alpha, progress=shown)
    emit(found, as_json=as_json, text=render([found]))
