"""Where a base model lies: a folder of the project or computer, or a snapshot of a model hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expertkit.errors import CompatibilityError, DependencyError
from expertkit.files import read_json

HUB_FILES = ("*.safetensors", "*.json", "*.jinja", "merges.txt")
"""What is fetched of a hub model; never a pickle, never code."""

_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModel:
    """A base model and where to find it: a folder, or a hub id with its revision."""

    name: str
    """Its name in params.yaml, in manifests and in file names."""
    path: str | None
    """Its folder, relative to the project or absolute; null for a hub model that is asked of the hub's cache."""
    hub: str | None
    """Its id on the model hub, where it came from there."""
    revision: str | None
    """The commit of the hub model."""
    fingerprint: str | None
    """The fingerprint it must have; null when it is not pinned."""


def locate(base: BaseModel, project: Path) -> Path:
    """The folder that holds the files of ``base``; a hub model is fetched when it is not cached.

    Raises:
        CompatibilityError: there is no such folder, or the hub does not give it.
        DependencyError: a hub model is asked for and huggingface_hub is not installed.
    """
    if base.path is None:
        return _snapshot(base)
    folder = project / base.path
    if not folder.is_dir():
        raise CompatibilityError(
            f"base model {base.name!r}, {base.path}: expected a folder with the model, got no such folder",
            hint=f"expert-cli base build {base.name}, or correct configs/base_models/{base.name}.yaml",
        )
    return folder


def _snapshot(base: BaseModel) -> Path:
    """The hub model's folder in the local cache; the network is asked only when it is not there."""
    try:
        from huggingface_hub import errors, snapshot_download
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"base model {base.name!r}: expected huggingface_hub for {base.hub}, got no such library",
            hint="pip install 'expertkit[train]'",
        ) from error
    try:
        folder = Path(snapshot_download(**_wanted(base), local_files_only=True))
    except errors.LocalEntryNotFoundError:
        return _fetch(base)
    return folder if _is_complete(folder) else _fetch(base)


def _fetch(base: BaseModel) -> Path:
    import httpx2
    from huggingface_hub import HfApi, constants, errors, snapshot_download

    hint = f"hf download {base.hub} --revision {base.revision}, where there is a network"
    missing = f"base model {base.name!r}: expected {base.hub} at {base.revision}, got no copy in the cache"
    if constants.HF_HUB_OFFLINE:
        raise CompatibilityError(f"{missing}, and HF_HUB_OFFLINE forbids to fetch it", hint=hint)
    try:
        # Asked first because it fails at once; the download itself would try again for half a minute.
        HfApi().model_info(base.hub or "", revision=base.revision, timeout=_TIMEOUT_S)
        return Path(snapshot_download(**_wanted(base)))
    except (errors.LocalEntryNotFoundError, httpx2.HTTPError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise CompatibilityError(f"{missing}, and none from the hub ({reason})", hint=hint) from error


def _is_complete(folder: Path) -> bool:
    """Whether a cached snapshot has everything: a download that was cut short leaves the folder too."""
    indexes = list(folder.glob("*.safetensors.index.json"))
    shards = {name for index in indexes for name in read_json(index)["weight_map"].values()}
    has_weights = all((folder / name).is_file() for name in shards) and any(folder.glob("*.safetensors"))
    return has_weights and all((folder / name).is_file() for name in ("config.json", "tokenizer.json"))


def _wanted(base: BaseModel) -> dict[str, Any]:
    return {"repo_id": base.hub, "revision": base.revision, "allow_patterns": list(HUB_FILES)}
