"""An expert as it was shipped: its adapter and how it is asked, read out of a package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from expertkit import strict_json
from expertkit.adapters import CONFIG, TENSORS, Adapter, decode
from expertkit.archives.archive import scan
from expertkit.errors import IntegrityError
from expertkit.manifest import BaseEntry
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.checked import Checked

_LARGEST_ADAPTER = 4 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaged:
    """A package that was checked, but for who vouches for it, with its adapter in memory."""

    checked: Checked
    adapter: Adapter

    @property
    def base(self) -> BaseEntry:
        """The base it is for: its name, its fingerprint, and how a question is put to it."""
        (entry,) = self.checked.manifest.base_models
        return entry

    @property
    def content_digest(self) -> str:
        """What identifies it."""
        return self.checked.contents.content_digest


def open_packaged(path: Path) -> Packaged:
    """The expert in a package of our own form.

    Raises:
        FormatError, ManifestError, IntegrityError: the package is not sound.
    """
    checked = open_canonical(path)
    again = scan(path, keep=frozenset({TENSORS, CONFIG}), largest_kept=_LARGEST_ADAPTER)
    if again.members != checked.contents.members:
        raise IntegrityError(f"{path}: expected the package that was checked, got another one", hint="try again")
    config = strict_json.loads(again.kept[CONFIG], file=f"{path}: {CONFIG}")
    return Packaged(checked=checked, adapter=decode(again.kept[TENSORS], config))
