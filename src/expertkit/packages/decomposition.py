"""Stage ``decompose``: the trained adapter of an expert as it is shipped.

Whole, as its exact singular value decomposition; or compressed, as the recipe says or as the search found it small
and as good (docs/osd.md). What cannot be compressed, because it is no product of two matrices, stays what it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.adapters import Adapter, Decomposition, Lora, decompose, identity
from expertkit.adapters.dtypes import DType
from expertkit.adapters.svd import promised_error
from expertkit.errors import FormatError
from expertkit.files import replace_folder, required, sha256_file, write_bytes, write_json
from expertkit.osd.point import Point
from expertkit.osd.report import csv
from expertkit.packages.compressed import Small, wanted
from expertkit.packages.names import TENSORS, TRAINING_ARGS
from expertkit.packages.weights import read_trained, write_adapter, write_osd
from expertkit.recipes import Recipe


def decompose_adapter(project: Path, recipe: Recipe, *, asked: Point | None = None) -> dict[str, Any]:
    """Write the adapter that is shipped and what was found in it; give the latter's summary.

    Args:
        project: the project's root.
        recipe: whose adapter, and how it is written.
        asked: a way to compress it, whatever recipe and search say.

    Raises:
        PackagingError: the expert was not trained, there was no search, or no file is as small as wanted.
        FormatError: the trained adapter is malformed, too large for the wanted dtype, or of no kind to be compressed.
    """
    trained = read_trained(project, recipe.expert, recipe.base)
    hint = f"expert-cli train --expert {recipe.expert} --base {recipe.base}"
    training_args = required(project / layout.TRAIN / recipe.key / TRAINING_ARGS, hint=hint)
    made = wanted(project, recipe, trained, asked=asked)
    weights = project / layout.weights(recipe.expert, recipe.base)
    with replace_folder(project / layout.DECOMPOSE / recipe.key) as found, replace_folder(weights) as folder:
        summary = _write_small(*made, folder, found, recipe) if made else _write(trained, folder, found, recipe)
        (folder / TRAINING_ARGS).write_bytes(training_args)
        summary = {"expert": recipe.expert, "base": recipe.base, **summary, "trained": identity(trained)}
        write_json(found / layout.METRICS, summary)
    return summary


def _write(trained: Adapter, folder: Path, found: Path, recipe: Recipe) -> dict[str, Any]:
    """The adapter with its components in order; what is no LoRA has none and stays what it is.

    Raises:
        FormatError: a value is too large for the wanted dtype, or would lose digits that may not be lost.
    """
    try:
        adapter, decomposition = _decompose(trained, dtype=recipe.decompose.dtype)
        write_adapter(folder, adapter, base=recipe.base)
    except ValueError as error:
        raise FormatError(f"{layout.TRAIN / recipe.key / TENSORS}: {error}") from error
    write_bytes(found / "spectrum.csv", _spectrum_csv(decomposition).encode())
    return _summarise(adapter, decomposition, folder / TENSORS)


def _write_small(name: str, made: Small, folder: Path, found: Path, recipe: Recipe) -> dict[str, Any]:
    """The adapter compressed, with its module by module account."""
    write_osd(folder, made.small.data, base=recipe.base)
    write_bytes(found / "spectrum.csv", _spectrum_csv(decompose(made.trained, dtype="float32")).encode())
    write_bytes(found / "modules.csv", csv(made.rows()).encode())
    return {"point": name, **made.facts()}


def _decompose(trained: Adapter, *, dtype: DType) -> tuple[Adapter, Decomposition | None]:
    """The adapter that is shipped, and what was found in it.

    Raises:
        ValueError: a value is too large for ``dtype``, or would lose digits that may not be lost.
    """
    if trained.kind != "lora" and dtype != "float32":
        raise ValueError(f"decompose.dtype: expected float32 for {trained.kind}, whose factors stay exact, got {dtype}")
    if not isinstance(trained, Lora):
        return trained, None
    found = decompose(trained, dtype=dtype)
    return found.lora, found


def _summarise(adapter: Adapter, found: Decomposition | None, tensors: Path) -> dict[str, Any]:
    facts = {
        "kind": adapter.kind,
        "parameters": adapter.parameters,
        "dtype": adapter.dtype,
        "adapter_digest": sha256_file(tensors),
        "adapter_bytes": tensors.stat().st_size,
    }
    return facts if found is None else {**facts, **_summarise_spectra(found)}


def _summarise_spectra(found: Decomposition) -> dict[str, Any]:
    errors = [spectrum.error for spectrum in found.spectra.values()]
    ranks = [spectrum.numeric_rank for spectrum in found.spectra.values()]
    largest = found.lora.largest_rank
    return {
        "rank": largest,
        "numeric_rank": {"min": min(ranks), "max": max(ranks)},
        "components_for_99_percent": max(int((each.energy < 0.99).sum()) + 1 for each in found.spectra.values()),
        "error": {"max": max(errors), "promised": promised_error(found.lora.dtype, rank=largest)},
    }


def _spectrum_csv(found: Decomposition | None) -> str:
    """One row per module and component; ``energy`` is the share in the components up to this one."""
    rows = ["module,index,singular_value,energy"]
    for module, spectrum in found.spectra.items() if found else ():
        pairs = zip(spectrum.singular_values.tolist(), spectrum.energy.tolist(), strict=True)
        rows += [f"{module},{index},{value:.9g},{energy:.9g}" for index, (value, energy) in enumerate(pairs)]
    return "\n".join(rows) + "\n"
