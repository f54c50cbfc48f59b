"""What identifies a base model: the digest of the files that decide its answers.

SHA-256 of RFC 8785 JSON of the sorted ``[name, size, sha256]`` rows of ``*.safetensors``, their index,
config.json, tokenizer.json, tokenizer_config.json and chat_template.jinja, as far as they exist.
"""

from __future__ import annotations

from pathlib import Path

from expertkit.bases.location import BaseModel, locate
from expertkit.errors import CompatibilityError
from expertkit.files import listing_digest, sha256_file

PATTERNS = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)
"""The files of a base model's folder that its fingerprint covers."""


def fingerprint(folder: Path) -> str:
    """The fingerprint of the base model in ``folder``, as 64 hex digits.

    Raises:
        CompatibilityError: the folder holds no weights or no config.json.
    """
    files = sorted({path for pattern in PATTERNS for path in folder.glob(pattern)})
    names = {path.name for path in files}
    if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
        found = ", ".join(sorted(names)) or "neither"
        raise CompatibilityError(f"base model, {folder}: expected config.json and *.safetensors, got {found}")
    return listing_digest({path.name: (path.stat().st_size, sha256_file(path)) for path in files})


def check(base: BaseModel, folder: Path) -> str:
    """The fingerprint of ``folder``, which must be the one that ``base`` names, if it names one.

    Raises:
        CompatibilityError: it is another model, or no model at all.
    """
    found = fingerprint(folder)
    if base.fingerprint not in {None, found}:
        raise CompatibilityError(
            f"base model {base.name!r}, {folder}: expected fingerprint {base.fingerprint}, got {found}",
            hint=f"put the original files back, or pin the new fingerprint in configs/base_models/{base.name}.yaml",
        )
    return found


def require(base: BaseModel, project: Path) -> tuple[Path, str]:
    """Folder and fingerprint of a base that has to be there, and the one that is named.

    Raises:
        CompatibilityError: it is not there, or another one.
        DependencyError: a hub model is asked for and huggingface_hub is not installed.
    """
    folder = locate(base, project)
    return folder, check(base, folder)
