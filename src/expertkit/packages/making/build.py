"""Stage ``package``: an accepted expert for one base, as a file that anybody builds byte for byte the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

from expertkit import layout
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.members.contents import whole
from expertkit.members.names import order
from expertkit.packages.making.members import Sources, collect, read_manifest
from expertkit.packages.names import package_name
from expertkit.packages.output import open_folder, refuse
from expertkit.packages.report import Judged, read_report
from expertkit.packages.writing import Built, Sizes, Told, write_archive, write_container, write_package
from expertkit.recipes import PackageConfig, Recipe

Following = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Opens for a number of bytes what is told of each piece of them."""


def nobody(_total: int) -> AbstractContextManager[Callable[[int], None]]:
    """Nobody looks on."""
    return nullcontext(lambda _bytes: None)


def prepare(
    project: Path, recipe: Recipe, *, weights: Path | None = None, package: PackageConfig | None = None
) -> Sources:
    """Where the members of a recipe's package come from.

    Args:
        project: root of the project.
        recipe: the expert and base.
        weights: the folder with the adapter's files; by default the expert's own for this base.
        package: how it is packed, if not as the recipe says.

    Raises:
        PackagingError: the expert was not evaluated.
    """
    metrics, report = read_report(project, recipe)
    return Sources(
        project=project,
        recipe=recipe,
        manifest=read_manifest(project, recipe),
        weights=weights or project / layout.weights(recipe.expert, recipe.base),
        package=package or recipe.package,
        metrics=metrics,
        report=report,
    )


def list_contents(sources: Sources) -> dict[str, int]:
    """Names and sizes in bytes of what would be packed, in order; no verdict is asked for."""
    members = collect(sources)
    return {name: len(members[name]) for name in sorted(members, key=order)}


def build(
    sources: Sources, *, output: Path | None = None, record_refusal: bool = False, following: Following = nobody
) -> Built | Judged:
    """Make the package, or with ``record_refusal`` leave the reason why there is none.

    Args:
        sources: what goes in.
        output: a folder to put the files into; by default the stage's own, replaced as a whole.
        record_refusal: write refused.json for a refused expert instead of raising.
        following: given the bytes to pack, who is told as they are packed.

    Raises:
        PackagingError: something is missing, or the expert was refused.
        IntegrityError: the evaluation was about another adapter.
        CompatibilityError: the base is missing or another one.
    """
    target = output or sources.project / layout.PACKAGES / sources.recipe.key
    if sources.report.judged.verdict == "refused":
        return refuse(target, sources.report.judged, record=record_refusal, whole=output is None)
    members = collect(sources)
    recipe = sources.recipe
    base = None if sources.manifest.schema_version == "1.0" else recipe.base
    path = target / package_name(recipe.expert, base, recipe.version)
    total = sum(map(len, members.values()))
    with open_folder(target, whole=output is None) as folder, following(total) as told:
        written = write_package(folder / path.name, partial(_write, members, sources.package, told))
    return replace(written, path=path)


def _write(members: Mapping[str, bytes], config: PackageConfig, told: Told, file: IO[bytes]) -> Sizes:
    """Write the form of package that the recipe, or the command line, asks for."""
    if config.format == "archive":
        return write_archive(file, whole(members), told=told)
    options = Options(codec=config.codec, level=config.compression_level, alignment=config.alignment)
    return write_container(file, {name: Held(data) for name, data in members.items()}, options=options, told=told)


def build_all(
    sources: Sequence[Sources], *, output: Path | None, record_refusal: bool, following: Callable[[str], Following]
) -> list[Built | Judged]:
    """Make several packages at once: compression runs outside of Python's lock.

    Args:
        sources: what goes into each.
        output: as for ``build``.
        record_refusal: as for ``build``.
        following: given the name of a base, who is told as its package is made.

    Raises:
        ExpertError: one cannot be made; what was made of the others stays.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [
            pool.submit(
                build, each, output=output, record_refusal=record_refusal, following=following(each.recipe.base)
            )
            for each in sources
        ]
    return [each.result() for each in running]
