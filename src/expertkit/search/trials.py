"""Ways to compress an adapter, done: what each costs and how far it is from the whole, kept for the next search.

A trial is a file of ``.work/trials/`` named by the digest of what decides it: the adapter, the point, the calibration
and the code that compresses. So a search that was stopped goes on where it was, and trials may be made by others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from expertkit import layout
from expertkit.adapters import Lora, identity
from expertkit.errors import FormatError, PackagingError
from expertkit.files import canonical_json, read_json, sha256_bytes, write_json
from expertkit.osd.compression import Compressed
from expertkit.osd.point import Point, compress_to
from expertkit.osd.settings import DATA_FREE, Score
from expertkit.osd.source import Source, source_parameters, sources
from expertkit.sources import CODE, digest_sources

_DECIDING = ("adapters", "containers/codecs", "osd")
"""The code that decides a trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one way to compress costs."""

    point: Point
    size: int
    """Bytes of the file; 0 where no file is as small as the point wants."""
    error: float
    """Frobenius distance from the whole adapter, as a share of its norm."""
    density: float
    """Share of the entries of the factors that are kept."""

    @property
    def is_possible(self) -> bool:
        """Whether there is such a file."""
        return self.size > 0


class Calibrate(Protocol):
    """What a calibration adds to the sources, made when it is first asked for."""

    @property
    def digest(self) -> str:
        """Of what it is made from."""

    def __call__(self, score: Score, found: Mapping[str, Source]) -> Mapping[str, Source]:
        """The sources as a score needs them."""


class Trials:
    """The trials of one adapter."""

    def __init__(self, project: Path, adapter: Lora, *, calibrate: Calibrate | None = None) -> None:
        """Compress nothing yet.

        Args:
            project: where trials are kept.
            adapter: what is compressed.
            calibrate: for the scores that need a calibration.
        """
        self._folder = project / layout.TRIALS_DONE
        self._adapter = adapter
        self._calibrate = calibrate
        self._code = sha256_bytes(canonical_json([digest_sources(CODE / name) for name in _DECIDING]))
        self._digest = identity(adapter)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Every module's components."""
        return sources(self._adapter)

    @property
    def rank(self) -> int:
        """The largest of the adapter."""
        return self._adapter.largest_rank

    def key(self, point: Point) -> str:
        """What the trial of a point is called."""
        seen = self._calibrate.digest if self._calibrate and point.settings.score not in DATA_FREE else None
        return sha256_bytes(canonical_json([self._digest, self._code, seen, point.to_json()]))[:32]

    def path(self, point: Point) -> Path:
        """Where the trial of a point is kept."""
        return self._folder / f"{self.key(point)}.json"

    def compress(self, point: Point) -> Compressed:
        """The adapter at a point.

        Raises:
            PackagingError: no file is as small as it wants.
        """
        return compress_to(self._sources_for(point), point, parameters=source_parameters(self._adapter))

    def run(self, point: Point) -> Trial:
        """The trial of a point, made if nobody did."""
        path = self.path(point)
        if path.is_file():
            return read_trial(path)
        trial = self._make(point)
        write_json(path, {**_write(trial), "adapter": self._digest})
        return trial

    def missing(self, points: Sequence[Point]) -> list[Point]:
        """Those that nobody has tried."""
        return [point for point in points if not self.path(point).is_file()]

    def _make(self, point: Point) -> Trial:
        found = self._sources_for(point)
        try:
            small = compress_to(found, point, parameters=source_parameters(self._adapter))
        except PackagingError:
            return Trial(point=point, size=0, error=1.0, density=0.0)
        return Trial(point=point, size=len(small.data), error=small.error, density=small.osd.settings.density)

    def _sources_for(self, point: Point) -> Mapping[str, Source]:
        if self._calibrate is None or point.settings.score in DATA_FREE:
            return self.sources
        return self._calibrate(point.settings.score, self.sources)


def _write(trial: Trial) -> dict[str, Any]:
    return {"point": trial.point.to_json(), "size": trial.size, "error": trial.error, "density": trial.density}


def read_trial(path: Path) -> Trial:
    """A trial that was kept.

    Raises:
        FormatError: something else has changed it since.
    """
    value = read_json(path)
    try:
        point = Point.from_json(value["point"])
        return Trial(point=point, size=value["size"], error=value["error"], density=value["density"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path}: expected a trial as a search keeps it, got something else"
        raise FormatError(message, hint="remove it") from error
