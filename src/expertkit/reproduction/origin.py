"""What a package tells about how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expertkit import strict_json
from expertkit.errors import FormatError
from expertkit.fields import Place, read
from expertkit.manifest.kinds import Digest, ExpertName, Words
from expertkit.packages.names import EVALUATION, PROVENANCE, RECIPE
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.checked import Checked
from expertkit.packages.vouching.verify import verify
from expertkit.signing.trust import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file or folder that the package was made with."""

    path: str
    """From the project's root."""
    digest: Digest | None
    """Of its bytes; None where there was none."""
    commit: str | None
    """The newest that had touched it; None if it was modified since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A package that was checked, and what it says of its making."""

    checked: Checked
    sources: tuple[Source, ...]
    recipe: bytes
    """The resolved recipe, as it was packed."""
    expert: ExpertName
    base: Words
    data: Digest
    """Of the data that was learnt from and judged by."""
    fingerprint: Digest
    """Of the base."""
    environment: Mapping[str, Any]
    """In which it was trained."""
    figures: Mapping[str, Any]
    """The evaluation."""

    @property
    def key(self) -> str:
        """The pair's name in stages and folders."""
        return f"{self.expert}-{self.base}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trace:
    digest: Digest | None
    commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    name: Words
    fingerprint: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Provenance:
    """The members of provenance.json that are needed here; more may stand there."""

    EXTRAS = Any

    sources: Mapping[str, _Trace]
    data: Digest
    base: _Base
    environment: Mapping[str, Any]


def read_origin(path: Path, *, verifier: Verifier | None) -> Origin:
    """The origin of a package of our own form.

    Args:
        path: the package.
        verifier: who looks at it; None takes it unsigned.

    Raises:
        SignatureError: nobody who is trusted vouches for it.
        FormatError, ManifestError, IntegrityError: the package is not sound, or does not say how it was made.
    """
    if verifier is not None:
        verify(path, verifier=verifier)
    checked = open_canonical(path)
    kept = checked.contents.kept
    said, figures = (strict_json.loads(kept[name], file=f"{path}: {name}") for name in (PROVENANCE, EVALUATION))
    place = Place(f"{path}: {PROVENANCE}", [])
    provenance = read(_Provenance, said, place)
    if provenance is None:
        raise FormatError("\n".join(map(str, place.problems)))
    return Origin(
        checked=checked,
        sources=tuple(
            Source(path=name, digest=trace.digest, commit=trace.commit) for name, trace in provenance.sources.items()
        ),
        recipe=kept[RECIPE],
        expert=checked.manifest.name,
        base=provenance.base.name,
        data=provenance.data,
        fingerprint=provenance.base.fingerprint,
        environment=provenance.environment,
        figures=figures,
    )
