"""Stage ``decompose``: the trained adapter of an expert as its exact singular value decomposition, on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.adapters import Adapter, Decomposition, Lora, decompose
from expertkit.adapters.dtypes import DType
from expertkit.adapters.svd import promised_error
from expertkit.errors import FormatError
from expertkit.files import replace_folder, required, sha256_file, write_bytes, write_json
from expertkit.packages.names import TENSORS, TRAINING_ARGS
from expertkit.packages.weights import read_adapter, write_adapter
from expertkit.recipes import Recipe


def decompose_adapter(project: Path, recipe: Recipe) -> dict[str, Any]:
    """Write the decomposed adapter and what was found in it; give the latter's summary.

    Raises:
        PackagingError: the expert was not trained.
        FormatError: the trained adapter is malformed, or too large for the wanted dtype.
    """
    source = project / layout.TRAIN / recipe.key
    hint = f"expert-cli train --expert {recipe.expert} --base {recipe.base}"
    trained = read_adapter(source, hint=hint)
    training_args = required(source / TRAINING_ARGS, hint=hint)
    try:
        adapter, found = _decompose(trained, dtype=recipe.decompose.dtype)
    except ValueError as error:
        raise FormatError(f"{source / TENSORS}: {error}") from error
    weights = project / layout.weights(recipe.expert, recipe.base)
    with replace_folder(weights) as folder:
        write_adapter(folder, adapter, base=recipe.base)
        (folder / TRAINING_ARGS).write_bytes(training_args)
    summary = {"expert": recipe.expert, "base": recipe.base, **_summarise(adapter, found, weights / TENSORS)}
    with replace_folder(project / layout.DECOMPOSE / recipe.key) as folder:
        write_bytes(folder / "spectrum.csv", _spectrum_csv(found).encode())
        write_json(folder / layout.METRICS, summary)
    return summary


def _decompose(trained: Adapter, *, dtype: DType) -> tuple[Adapter, Decomposition | None]:
    """The adapter that is shipped, and what was found in it; what is no LoRA has no components and stays what it is.

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
    largest = max(factors.rank for factors in found.lora.modules.values())
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
