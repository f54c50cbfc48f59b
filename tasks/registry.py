"""MLflow's model registry, a mirror of what stands: written after a flow, never read to decide what runs.

An expert on a base is a registered model, and each content digest is a version of it. The alias ``champion`` is what
was promoted, ``challenger`` what passed the gate into ``dist/``: nothing but the gate and ``promote`` moves them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlflow.entities.model_registry import RegisteredModel

from expertkit.errors import ExpertError
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.releasing.standing import Standing, standings
from tasks import display
from tasks.store import client, tolerated

ALIASES = ("champion", "challenger")
DIGEST = "content_digest"
"""The tag of a version that says which package it is."""

_OURS = "expertkit.expert"
"""The tag of a registered model that is ours to change: the expert's name."""


def mirror() -> None:
    """Register what stands and is not registered yet, and let the aliases say what is what."""
    try:
        stands = standings(Path())
    except ExpertError as error:
        display.say(f"warning: MLflow's model registry stays as it was: {error}")
        return
    with tolerated("what was released"):
        models = {model.name: model for model in client().search_registered_models() if _OURS in model.tags}
        for name in sorted({*models, *map(_name, stands)}):
            own = [each for each in stands if _name(each) == name]
            model = models.get(name) or _create(name, own[0])
            versions = _versions(name)
            for each in own:
                _register(name, each, versions)
            _set_aliases(model, {each.role: versions.get(each.package.content_digest) for each in own})


def _name(standing: Standing) -> str:
    return "-".join(standing.pair)


def _create(name: str, standing: Standing) -> RegisteredModel:
    expert, base = standing.pair
    return client().create_registered_model(name, tags={_OURS: expert, "expertkit.base": base})


def _versions(name: str) -> dict[str, str]:
    """The version of each content digest that is registered."""
    return {found.tags[DIGEST]: found.version for found in client().search_model_versions(f"name = '{name}'")}


def _register(name: str, standing: Standing, versions: dict[str, str]) -> None:
    """Add a version for a package that has none; one that is not on this computer cannot be described."""
    package = standing.package
    if package.content_digest in versions or not standing.path.is_file():
        return
    checked = open_canonical(standing.path)
    (base,) = checked.manifest.base_models
    tags = {
        DIGEST: package.content_digest,
        "version": package.version,
        "base_fingerprint": str(base.sha256),
        "verdict": checked.evaluation.judged.verdict if checked.evaluation else "",
        "file": package.file,
    }
    made = client().create_model_version(name, source=standing.path.resolve().as_uri(), tags=tags)
    versions[package.content_digest] = made.version


def _set_aliases(model: RegisteredModel, wanted: Mapping[str, str | None]) -> None:
    for alias in ALIASES:
        before, after = model.aliases.get(alias), wanted.get(alias)
        if after is not None and after != before:
            client().set_registered_model_alias(model.name, alias, after)
        elif after is None and before is not None:
            client().delete_registered_model_alias(model.name, alias)
