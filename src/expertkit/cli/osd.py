"""``expert-cli osd``: what compression did to an adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit


@click.group("osd")
def command() -> None:
    """Look at compressed adapters; `search` and `decompose` make them."""


@command.command("report")
@options.expert()
@options.base()
@options.as_json
def report(expert: str, base: str, *, as_json: bool) -> None:
    """Compare the shipped adapter with the trained one: bytes, error, and what is kept of each module.

    Example: expert-cli osd report --expert expert-sql --base qwen3-tiny
    """
    from expertkit.packages.compressed import account
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    found = account(Path(), recipe.expert, recipe.base)
    emit(found, as_json=as_json, text=_page(found))


_COLUMNS = {
    "rank": 1, "energy": 3, "stable_rank": 2, "kurtosis_u": 2, "kurtosis_v": 2, "density_u": 3, "density_v": 3,
    "error": 4, "cosine": 4,
}  # fmt: skip
"""What is shown of each kind of module, and with how many decimals."""


def _page(found: Mapping[str, Any]) -> list[str]:
    """The adapter as a whole, then its modules by kind: the mean over all layers."""
    key, rank = f"{found['expert']}-{found['base']}", found["rank"]
    head = [
        f"{key}: {found['codec']}, rank {rank}, {found['density']:.1%} of the entries kept",
        (
            f"bytes   {found['adapter_bytes']:,}: {found['bits_per_parameter']:.2f} bits for each of "
            f"{found['parameters']:,} numbers; float16 takes {found['ratio_to_float16']:.3g} times as many"
        ),
        (
            f"error   {found['error']['relative']:.4f} of the norm of the update; "
            f"its first {found['components']} components hold {found['energy_kept']:.4f} of the energy"
        ),
    ]
    kinds = sorted({_kind(row) for row in found["modules"]})
    rows = [[kind, *(f"{_mean(found['modules'], kind, column):.{digits}f}" for column, digits in _COLUMNS.items())]
            for kind in kinds]  # fmt: skip
    table = _aligned([["mean of all", *_COLUMNS], *rows])
    return [*head, "", *table, "", f"each module: {layout.DECOMPOSE}/{key}/modules.csv"]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]


def _kind(row: Mapping[str, Any]) -> str:
    return str(row["module"]).rpartition(".")[2]


def _mean(modules: Sequence[Mapping[str, Any]], kind: str, column: str) -> float:
    values = [float(row[column]) for row in modules if _kind(row) == kind]
    return sum(values) / len(values)
