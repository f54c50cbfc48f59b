"""The trained adapter of an expert as a compressed one: asked for by a person or a recipe, or chosen by a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expertkit import layout, osd
from expertkit.adapters import Adapter, Lora, identity
from expertkit.errors import FormatError, PackagingError
from expertkit.files import read_json, required, sha256_bytes
from expertkit.osd.compression import Compressed
from expertkit.osd.point import Point, compress_to
from expertkit.osd.report import describe, module_rows
from expertkit.osd.settings import DATA_FREE
from expertkit.osd.source import Source, source_parameters
from expertkit.packages.weights import read_carrier, read_trained
from expertkit.recipes import Recipe


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Small:
    """A compressed adapter beside what it was made from."""

    small: Compressed
    trained: Lora
    sources: Mapping[str, Source]

    def facts(self) -> dict[str, Any]:
        """The adapter as a whole, as JSON values."""
        return {"kind": self.trained.kind, **describe(self.small, self.trained, self.sources)}

    def rows(self) -> list[dict[str, Any]]:
        """What is to be known of each module."""
        return module_rows(self.small.osd, self.sources)


def wanted(project: Path, recipe: Recipe, trained: Adapter, *, asked: Point | None) -> tuple[str, Small] | None:
    """What the way to compress is called, and what came of it; None where the adapter is shipped whole.

    Args:
        project: where the search left what it chose.
        recipe: which says how to compress, or that the search decides.
        trained: the adapter.
        asked: a way to compress it, whatever the recipe says.

    Raises:
        PackagingError: no file is as small as wanted, or there was no search of this adapter.
        FormatError: the adapter is no LoRA or DoRA, has fewer components than wanted, or would need a calibration; or
            what the search left is malformed.
    """
    point = asked or (recipe.decompose.osd.point() if recipe.decompose.osd else None)
    if point is not None:
        return point.name, _compress(trained, point, recipe)
    return _chosen(project, recipe, trained) if recipe.search.enabled and isinstance(trained, Lora) else None


def account(project: Path, expert: str, base: str) -> dict[str, Any]:
    """What the shipped adapter is, against the trained one, as a whole and module by module.

    Raises:
        PackagingError: one of them is not there.
        FormatError: one is malformed, or the shipped one is not compressed.
    """
    weights = project / layout.weights(expert, base)
    hint = f"expert-cli decompose --expert {expert} --base {base}"
    trained = read_trained(project, expert, base)
    carrier, data = read_carrier(weights, hint=hint)
    if carrier != osd.NAME or not isinstance(trained, Lora):
        raise FormatError(f"{weights}: expected {osd.NAME}, got an adapter that is not compressed",
                          hint="expert-cli decompose --help says how to compress it")  # fmt: skip
    metrics = project / layout.DECOMPOSE / f"{expert}-{base}" / layout.METRICS
    required(metrics, hint=hint)
    written = read_json(metrics)
    if written.get("trained") != identity(trained):
        raise PackagingError(f"{weights}: expected what was made of the trained adapter, got one of another", hint=hint)
    if written["adapter_digest"] != sha256_bytes(data):
        raise PackagingError(f"{weights / carrier}: expected the file that decompose wrote, got another", hint=hint)
    found = _opened(data, trained, file=weights / carrier, hint=hint)
    return {"expert": expert, "base": base, **found.facts(), "modules": found.rows()}


def _chosen(project: Path, recipe: Recipe, trained: Lora) -> tuple[str, Small] | None:
    """What the search chose, if anything."""
    folder = project / layout.SEARCH / recipe.key
    hint = f"expert-cli search --expert {recipe.expert} --base {recipe.base}"
    winner = _read_winner(folder / layout.WINNER, hint=hint)
    if winner.adapter != identity(trained):
        raise PackagingError(f"{folder}: expected a search of the adapter in {layout.TRAIN / recipe.key}, "
                             "got one of another, trained before", hint=hint)  # fmt: skip
    if winner.point is None:
        return None
    data = required(folder / osd.NAME, hint=hint)
    if sha256_bytes(data) != winner.digest:
        raise PackagingError(f"{folder / osd.NAME}: expected the file that the search chose, got another", hint=hint)
    return winner.point.name, _opened(data, trained, file=folder / osd.NAME, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Winner:
    """What a search left."""

    point: Point | None
    """The way that it chose; None where the adapter is kept whole."""
    digest: str | None
    """SHA-256 of the file."""
    adapter: str
    """The identity of what it searched."""


def _read_winner(path: Path, *, hint: str) -> _Winner:
    required(path, hint=hint)
    try:
        value = read_json(path)
        point = None if value["point"] is None else Point.from_json(value["point"])
        return _Winner(point=point, digest=value["digest"], adapter=value["adapter"])
    except (FormatError, KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: expected a winner as a search writes it, got something else", hint=hint) from error


def _compress(trained: Adapter, point: Point, recipe: Recipe) -> Small:
    """The adapter at a point."""
    if not isinstance(trained, Lora):
        raise FormatError(
            f"{recipe.key}: expected a LoRA or DoRA to compress, got {trained.kind}, which has no singular vectors",
            hint="take decompose.osd out of its recipe: it is shipped whole",
        )
    rank, wanted_rank = trained.largest_rank, point.settings.rank
    if wanted_rank > rank:
        raise FormatError(f"{recipe.key}, rank: expected at most {rank}, as it was trained, got {wanted_rank}")
    if point.settings.score not in DATA_FREE:
        raise FormatError(
            f"{recipe.key}, score: expected {' or '.join(DATA_FREE)}, got {point.settings.score}, which is calibrated",
            hint="name it in search.scores: a search calibrates",
        )
    sources = osd.sources(trained)
    small = compress_to(sources, point, parameters=source_parameters(trained))
    return Small(small=small, trained=trained, sources=sources)


def _opened(data: bytes, trained: Lora, *, file: Path, hint: str) -> Small:
    """A file as what it is of its source.

    Raises:
        FormatError: it is malformed, or of another adapter.
    """
    try:
        adapter = osd.decode(data)
    except FormatError as error:
        raise FormatError(f"{file}: {error}", hint=hint) from error
    sources = osd.sources(trained)
    shapes = {name: module.shape for name, module in adapter.modules.items()}
    if shapes != {name: source.shape for name, source in sources.items()}:
        raise FormatError(f"{file}: expected the modules of the trained adapter, got those of another", hint=hint)
    small = Compressed(osd=adapter, data=data, error=osd.relative_error(adapter, sources))
    return Small(small=small, trained=trained, sources=sources)
