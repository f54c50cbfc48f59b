"""The adapter of a package as PEFT loads it, in a folder of its own: whatever carries it, as safetensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.errors import PackagingError
from expertkit.files import make_folder
from expertkit.members.contents import Contents
from expertkit.packages import carriers
from expertkit.packages.names import ADAPTER_CONFIG, LICENSE, TENSORS
from expertkit.packages.reading.forms import read_members


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A folder that PEFT loads."""

    package: Path
    path: Path
    carrier: str
    """The member that the tensors come from."""
    bytes: int
    """Of the tensors' file."""

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return {**asdict(self), "package": str(self.package), "path": str(self.path)}

    def describe(self) -> str:
        """One line for a person."""
        how = "" if self.carrier == TENSORS else f", decoded from {self.carrier}"
        return f"{self.path}: {TENSORS} of {self.bytes:,} bytes{how}; for PeftModel.from_pretrained(base, folder)"


def export_adapter(
    path: Path, *, contents: Contents, output: Path, check: Callable[[Path], None] | None = None
) -> Exported:  # fmt: skip
    """Write the adapter of a package into a new folder of ``output``, named like it, with its licence.

    Args:
        path: the package.
        contents: what was found in the package when it was checked.
        output: a folder.
        check: asked of the folder before it is there under its name; what it raises leaves none.

    Raises:
        IntegrityError: the package has changed since.
        PackagingError: the folder is there already.
    """
    target = new_folder(path, output)
    carrier = carriers.find(contents.members, file=str(path))
    wanted = {carrier, ADAPTER_CONFIG, LICENSE} & contents.members.keys()
    members = read_members(path, contents, names=wanted)
    tensors = carriers.as_safetensors(carrier, members.pop(carrier))
    with make_folder(target) as folder:
        for name, data in {**members, TENSORS: tensors}.items():
            (folder / name).write_bytes(data)
        if check is not None:
            check(folder)
    return Exported(package=path, path=target, carrier=carrier, bytes=len(tensors))


def new_folder(path: Path, output: Path) -> Path:
    """Where what is made of a package goes: a folder of ``output``, named like it.

    Raises:
        PackagingError: it is there already.
    """
    target = output / path.name.removesuffix(layout.PACKAGE_SUFFIX)
    if target.exists() or target.is_symlink():
        raise PackagingError(f"{target}: expected no such folder yet, got one", hint="--output DIR")
    return target
