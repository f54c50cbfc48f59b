"""``expert-cli decompose``: the adapter as it is shipped, whole or compressed."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import click

from expertkit.cli import options
from expertkit.cli.main import emit

_MUCH = 0.95
"""Of a budget: a file that is smaller could have been no larger."""


@click.command("decompose")
@options.expert()
@options.base()
@click.option("--rank", type=click.IntRange(1), metavar="N", help="Compress: components to keep, by default all.")
@click.option("--density", type=click.FloatRange(0, 1), metavar="SHARE", help="Compress: entries that a mask keeps.")
@click.option(
    "--codec", "values", metavar="CODEC", help="Compress: f32, f16, int8 or rdq; f16 with --density, else rdq."
)
@click.option("--score", metavar="SCORE", help="Compress: mag or fro, what an entry of a factor is worth; of rdq, fro.")
@click.option(
    "--alpha", type=float, metavar="SHARE", help="Compress: weight of the masked update; below 1 all is kept."
)
@click.option("--budget-bytes", type=click.IntRange(1), metavar="N", help="Compress: to a file of so many bytes.")
@click.option(
    "--bits-per-parameter", type=click.FloatRange(0, 64, min_open=True), metavar="N",
    help="Compress: to a file of so many bits for each number of the trained factors.",
)  # fmt: skip
@options.as_json
def command(expert: str, base: str, *, as_json: bool, **asked: Any) -> None:
    """Write the adapter that is shipped into experts/<expert>/weights/<base>/.

    It is the trained one with its components in order, or compressed: as the options say, as the recipe says, or as
    `search` found it small and as good. Spectrum, energy and error go into build/decompose/<expert>-<base>/.
    """
    from expertkit.packages.decomposition import decompose_adapter
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    found = decompose_adapter(Path(), recipe, asked=_point(asked, expert, base))
    said = f"{recipe.key}: {found['kind']} of {found['parameters']:,} weights"
    emit(found, as_json=as_json, text=f"{said}, {_how(found, asked)}")


def _point(asked: dict[str, Any], expert: str, base: str) -> Any:
    """What the options ask for; None where there are none.

    Raises:
        click.UsageError: they do not go together.
        PackagingError: the expert was not trained.
    """
    from expertkit.osd.point import Point
    from expertkit.osd.settings import Settings

    if all(value is None for value in asked.values()):
        return None
    problems = [*_problems_of_sizes(asked)]
    given = {"codec": asked["values"], **{name: asked[name] for name in ("density", "score", "alpha")}}
    codec = "f16" if asked["density"] is not None else "rdq"
    chosen = {"rank": asked["rank"] or _trained_rank(expert, base), "codec": codec}
    try:
        settings = Settings(**{**chosen, **{name: value for name, value in given.items() if value is not None}})
    except ValueError as error:
        raise click.UsageError("; ".join([str(error), *problems])) from error
    if settings.codec == "rdq" and asked["density"] is not None:
        problems.append("expected --budget-bytes or --bits-per-parameter with rdq, got --density")
    if problems:
        raise click.UsageError("; ".join(problems))
    return Point(settings=settings, bits=asked["bits_per_parameter"], budget=asked["budget_bytes"])


def _problems_of_sizes(asked: dict[str, Any]) -> Iterator[str]:
    sizes = {f"--{name.replace('_', '-')}": asked[name] for name in ("density", "budget_bytes", "bits_per_parameter")}
    given = [name for name, size in sizes.items() if size is not None]
    if len(given) != 1:
        yield f"expected one of {', '.join(sizes)}, got {' and '.join(given) or 'none'}"
    if not isfinite(asked["bits_per_parameter"] or 0):
        yield "expected --bits-per-parameter above 0, got nan"


def _trained_rank(expert: str, base: str) -> int:
    """All components; of what has none, any number will do until that is said."""
    from expertkit.adapters import Lora
    from expertkit.packages.weights import read_trained

    adapter = read_trained(Path(), expert, base)
    return adapter.largest_rank if isinstance(adapter, Lora) else 1


def _how(found: dict[str, Any], asked: dict[str, Any]) -> str:
    if "point" in found:
        size, bits = f"{found['adapter_bytes']:,} bytes", f"{found['bits_per_parameter']:.2f} bits each"
        error = found["error"]["relative"]
        allowed = asked["budget_bytes"] or (asked["bits_per_parameter"] or 0) * found["parameters"] / 8
        remark = ": nothing of the update is left" if error == 1 else ""
        if found["adapter_bytes"] < _MUCH * allowed:
            remark = ": more bytes are of no use"
        return f"{found['point']}: {size}, {bits}, relative error {error:.3f}{remark}"
    if "error" in found:
        return f"rank {found['rank']}, largest relative error {found['error']['max']:.2g}"
    return "as it is"
