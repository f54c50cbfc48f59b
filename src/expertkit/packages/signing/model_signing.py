"""A package's members as a folder with a signature that other tools verify."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from expertkit import layout
from expertkit.errors import PackagingError
from expertkit.files import write_bytes
from expertkit.members.contents import Contents
from expertkit.packages.reading.unpack import unpack
from expertkit.signing import model_signing

SIGNATURE = "model.sig"
"""The bundle, beside the folder that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A folder of members and the bundle that vouches for it."""

    package: Path
    folder: Path
    signature: Path
    members: int
    key: str
    """What names the key in the bundle: hex SHA-256 of its PEM."""

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return {
            "package": str(self.package), "path": str(self.folder), "signature": str(self.signature),
            "members": self.members, "key": self.key,
        }  # fmt: skip

    def describe(self) -> list[str]:
        """Lines for a person."""
        return [
            f"{self.folder}: {self.members} members of {self.package}",
            f"{self.signature}: signed with key {self.key[:12]}",
            f"model_signing verify key {self.folder} --signature {self.signature} --public_key KEY.pub",
        ]


def export(path: Path, *, contents: Contents, output: Path, private: EllipticCurvePrivateKey) -> Exported:
    """Write the members of a package into a new folder of ``output``, named like it, and the bundle beside the folder.

    Args:
        path: the package.
        contents: what was found in the package when it was checked.
        output: a folder without another bundle.
        private: the key of the curve P-256 that vouches for the members.

    Raises:
        IntegrityError: the package has changed since.
        PackagingError: the folder or the bundle is there already.
    """
    folder, signature = output / path.name.removesuffix(layout.PACKAGE_SUFFIX), output / SIGNATURE
    for taken in (folder, signature):
        if taken.exists() or taken.is_symlink():
            raise PackagingError(f"{taken}: expected nothing of this name yet, got something", hint="--output DIR")
    files = {name: digest for name, (_, digest) in contents.members.items()}
    bundle = model_signing.sign(folder.name, files, private=private)
    members = unpack(path, folder, contents=contents)
    write_bytes(signature, bundle)
    return Exported(
        package=path, folder=folder, signature=signature, members=members,
        key=model_signing.key_hint(private.public_key()),
    )  # fmt: skip
