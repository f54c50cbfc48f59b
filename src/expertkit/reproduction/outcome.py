"""Whether the same came out, and if not, what differs on the way to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.files import read_json
from expertkit.packages.output import find_package
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.report import read_refusal
from expertkit.reproduction.origin import Origin
from expertkit.training.environment import differences

_FIGURES = ("base_score", "expert_score", "p_value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A package beside the one that was made again."""

    content_digest: str
    rebuilt_digest: str | None
    """None where the gate refused what was made. A container's own depends on its codec and the version of zstd too."""
    members: tuple[str, ...]
    """Those that differ."""
    environment: tuple[str, ...]
    """What differs between the environment of then and this one."""
    figures: Mapping[str, tuple[float, float]]
    """Scores and p-value, then and now."""

    @property
    def is_identical(self) -> bool:
        """Whether every member is the same, byte for byte, whatever the form and the codec."""
        return self.rebuilt_digest is not None and not self.members

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON values."""
        return {**asdict(self), "identical": self.is_identical}

    def describe(self) -> Iterator[str]:
        """The outcome for a person."""
        if self.is_identical:
            stored = "" if self.content_digest == self.rebuilt_digest else f", stored otherwise: {self.rebuilt_digest}"
            yield f"content-identical: {self.content_digest}{stored}"
        else:
            yield f"not identical: expected {self.content_digest}, got {self.rebuilt_digest or 'a refused expert'}"
            yield from (f"  member: {name}" for name in self.members)
        yield from (f"  environment: {line}" for line in self.environment)
        for name, (before, now) in self.figures.items():
            yield f"  {name}: {before:.4g} then, {now:.4g} now"


def compare(origin: Origin, tree: Path) -> Outcome:
    """The package beside what was made of it in ``tree``."""
    folder, rebuilt = tree / layout.PACKAGES / origin.key, None
    if read_refusal(folder) is None:
        rebuilt = open_canonical(find_package(folder, hint=f"look into {folder}")).contents
    before, after = origin.checked.contents.listed, rebuilt.listed if rebuilt else {}
    here = read_json(tree / layout.TRAIN / origin.key / layout.ENVIRONMENT)
    figures = read_json(tree / layout.EVALUATE / origin.key / layout.METRICS)
    return Outcome(
        content_digest=origin.checked.contents.content_digest,
        rebuilt_digest=rebuilt.content_digest if rebuilt else None,
        members=tuple(name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)),
        environment=tuple(differences(origin.environment, here)),
        figures={name: (float(origin.figures[name]), float(figures[name])) for name in _FIGURES},
    )
