"""A package's expert for other programs: as an adapter that PEFT loads, or in the weights of its base.

Where the base is at hand, it is loaded by the library that users load it by, and its logits are compared with the
package's own before it is there (``runtime.fidelity``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expertkit import bases, layout
from expertkit.errors import IntegrityError
from expertkit.files import make_folder
from expertkit.members.contents import Contents
from expertkit.packages.exporting import Exported, export_adapter, new_folder
from expertkit.packages.names import LICENSE
from expertkit.packages.packaged import Packaged, open_packaged
from expertkit.packages.reading.forms import read_members
from expertkit.runtime.fidelity import ROUNDED, TOLERANCE, Fidelity, check_exported, check_merged
from expertkit.runtime.merging import write_merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An adapter for PEFT, and how near it comes."""

    exported: Exported
    fidelity: Fidelity

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return {**self.exported.to_json(), "fidelity": asdict(self.fidelity)}

    def describe(self) -> tuple[str, ...]:
        """Two lines for a person."""
        return self.exported.describe(), self.fidelity.describe()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A base with an adapter in its weights."""

    package: Path
    path: Path
    base: str
    bytes: int
    """Of the weights."""
    fidelity: Fidelity

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return {**asdict(self), "package": str(self.package), "path": str(self.path)}

    def describe(self) -> tuple[str, ...]:
        """Two lines for a person."""
        return f"{self.path}: {self.base} with the adapter merged, {self.bytes:,} bytes", self.fidelity.describe()


def export_for_peft(path: Path, *, contents: Contents, output: Path, base: Path) -> Checked:
    """``export_adapter``, checked on the base that the package is for.

    Args:
        path: the package.
        contents: what was found in the package when it was checked.
        output: a folder for the new one.
        base: where the base model lies.

    Raises:
        IntegrityError: PEFT loads something else; nothing is written.
        CompatibilityError: the base is another one.
        PackagingError: the folder is there already.
    """
    packaged, _folder = _open(path, contents, base)
    found: list[Fidelity] = []

    def check(folder: Path) -> None:
        found.append(check_exported(base, packaged.adapter, folder))

    exported = export_adapter(path, contents=contents, output=output, check=check)
    return Checked(exported=exported, fidelity=found[0])


def export_merged(path: Path, *, contents: Contents, output: Path, base: Path | None) -> Merged:
    """The base with the package's adapter in its weights, in a new folder of ``output`` named like the package.

    Args:
        path: the package.
        contents: what was found in the package when it was checked.
        output: a folder for the new one.
        base: where the base model lies; by default where a project has it.

    Raises:
        IntegrityError: the package has changed since, or the merged weights say something else; nothing is written.
        CompatibilityError: the base is another one, or the adapter is neither LoRA nor DoRA.
        PackagingError: the folder is there already.
    """
    target = new_folder(path, output)
    packaged, source = _open(path, contents, base)
    with make_folder(target) as folder:
        written = write_merged(source, packaged.adapter, folder)
        _write_licence(path, contents, folder)
        tolerance = ROUNDED if written.is_rounded else TOLERANCE
        fidelity = check_merged(source, packaged.adapter, folder, tolerance=tolerance)
    return Merged(package=path, path=target, base=packaged.base.name, bytes=written.bytes, fidelity=fidelity)


def _write_licence(path: Path, contents: Contents, folder: Path) -> None:
    """The licence of the expert, beside that of the base."""
    for data in read_members(path, contents, names={LICENSE} & contents.members.keys()).values():
        (folder / f"{LICENSE}.adapter").write_bytes(data)


def _open(path: Path, contents: Contents, base: Path | None) -> tuple[Packaged, Path]:
    """The package that was checked, and where its base lies."""
    packaged = open_packaged(path)
    if packaged.content_digest != contents.content_digest:
        raise IntegrityError(f"{path}: expected the one that was checked, got another", hint="try again")
    folder = base or layout.MODELS / packaged.base.name
    bases.require(packaged.base_model(folder), Path())
    return packaged, folder
