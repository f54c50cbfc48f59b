"""What is known of a package once everything but its signature was checked; nobody may vouch for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from expertkit.manifest import Manifest, Reading
from expertkit.members.contents import Contents
from expertkit.packages.report import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A package of ours or of another program, whose form and hashes are right."""

    contents: Contents
    reading: Reading
    weights: Mapping[str, str]
    """The member that holds the tensors of each base, by the base's name."""
    evaluation: Evaluation | None = None
    """The one in a package of ours."""

    @property
    def manifest(self) -> Manifest:
        """The expert's manifest."""
        return self.reading.manifest
