"""Who is compared: a base, the adapter that is shipped, the one that was trained, and the release before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from expertkit import bases, layout
from expertkit.adapters import CONFIG, Adapter, check_fit, is_same
from expertkit.files import read_json, sha256_bytes
from expertkit.packages import carriers
from expertkit.packages.packaged import Packaged, open_released
from expertkit.packages.weights import read_carrier, read_trained
from expertkit.recipes import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What an evaluation asks, all of it read and checked."""

    base: Path
    """The base's folder."""
    fingerprint: str
    """Of the base."""
    expert: Adapter
    """What is shipped."""
    adapter_digest: str
    """SHA-256 of the file that carries it."""
    trained: Adapter | None
    """What was trained, where it changes the base in another way."""
    previous: Packaged | None
    """The release before, where there is one for this base."""

    @property
    def others(self) -> int:
        """How many are asked besides base and expert."""
        return (self.trained is not None) + (self.previous is not None)


def read_candidates(project: Path, recipe: Recipe) -> Candidates:
    """Whom the evaluation of a recipe compares. The shipped adapter's bytes are read once: what is loaded is digested.

    Raises:
        CompatibilityError: the base is missing or another one, or an adapter does not fit it.
        FormatError, ManifestError, IntegrityError: the adapter's files, or the package before, are not sound.
        PackagingError: there is no adapter, or the package before is not there.
    """
    base, fingerprint = bases.require(recipe.base_model, project)
    expert, data = _read_shipped(project, recipe)
    trained = read_trained(project, recipe.expert, recipe.base)
    found = Candidates(
        base=base,
        fingerprint=fingerprint,
        expert=expert,
        adapter_digest=sha256_bytes(data),
        trained=None if is_same(trained, expert) else trained,
        previous=open_released(project, recipe, fingerprint=fingerprint),
    )
    _check_fit(found, recipe)
    return found


def _read_shipped(project: Path, recipe: Recipe) -> tuple[Adapter, bytes]:
    """The adapter that is shipped, and the bytes of the file that carries it."""
    weights = project / layout.weights(recipe.expert, recipe.base)
    hint = f"expert-cli decompose --expert {recipe.expert} --base {recipe.base}"
    carrier, data = read_carrier(weights, hint=hint)
    return carriers.decode(carrier, data, read_json(weights / CONFIG)), data


def _check_fit(found: Candidates, recipe: Recipe) -> None:
    shapes = bases.linear_shapes(found.base)
    before = found.previous.adapter if found.previous else None
    for adapter in (found.expert, found.trained, before):
        if adapter is not None:
            check_fit(adapter, shapes, base=recipe.base)
