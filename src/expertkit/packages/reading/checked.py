"""What is known of a package once everything but its signature was checked; nobody may vouch for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from expertkit.manifest import Manifest, Reading
from expertkit.members.contents import Contents
from expertkit.osd.file.blob import Header
from expertkit.packages.report import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A package of ours or of another program, whose form and hashes are right."""

    contents: Contents
    reading: Reading
    weights: Mapping[str, str]
    """The member that carries the adapter for each base, by the base's name."""
    headers: Mapping[str, Header] = field(default_factory=dict)
    """What OSD files are, by the name of the member."""
    evaluation: Evaluation | None = None
    """The one in a package of ours."""

    @property
    def manifest(self) -> Manifest:
        """The expert's manifest."""
        return self.reading.manifest
