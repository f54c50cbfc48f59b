"""Whether an expert belongs on the base model that is at hand: asked before anything of it is used. No torch."""

from __future__ import annotations

from pathlib import Path

from expertkit import bases
from expertkit.adapters import check_part
from expertkit.errors import CompatibilityError
from expertkit.files import sha256_file
from expertkit.manifest import Manifest
from expertkit.packages.names import TOKENIZER, TOKENIZER_CONFIG
from expertkit.packages.streaming import Check, Tensors


def fitting(manifest: Manifest, folder: Path) -> Check:
    """Compare a base's fingerprint and tokenizer with a packed manifest; give the check that its layers have to pass.

    Args:
        manifest: of a package.
        folder: of the base.

    Raises:
        CompatibilityError: it is another base, or has another tokenizer; the check raises it for tensors that do not
            belong on the base's modules.
    """
    (entry,) = manifest.base_models
    found = bases.fingerprint(folder)
    if found != entry.sha256:
        raise CompatibilityError(f"{folder}: expected {entry.name} of fingerprint {entry.sha256}, got {found}")
    files = (manifest.integrity and manifest.integrity.files) or {}
    for name in (TOKENIZER, TOKENIZER_CONFIG):
        digest = sha256_file(folder / name) if (folder / name).is_file() else "no such file"
        if digest != files.get(name):
            raise CompatibilityError(f"{folder / name}: expected SHA-256 {files.get(name)}, as packed, got {digest}")
    shapes = bases.linear_shapes(folder)

    def check(tensors: Tensors) -> None:
        check_part({name: tensor.shape for name, tensor in tensors.items()}, shapes, base=entry.name)

    return check
