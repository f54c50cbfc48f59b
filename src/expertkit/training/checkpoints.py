"""Checkpoints that can be trusted: whole ones have their name and a seal, whatever happens while one is written.

The Trainer writes a checkpoint file by file, so it does that in a folder beside. ``sealed.json``, with size and
SHA-256 of every file, is written last; then everything is forced to the disk, and only then the folder gets the name
``checkpoint-<step>``. What does not match its seal later is not gone on from.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from expertkit.errors import FormatError
from expertkit.files import place_folder, read_json, remove_folder, sha256_file, write_json

_SEAL = "sealed.json"
_UNFINISHED = ".unfinished"
_NAME = "checkpoint-"


def unfinished(folder: Path) -> Path:
    """Where the checkpoints of ``folder`` are written."""
    return folder / _UNFINISHED


def checkpoint(folder: Path, step: int) -> Path:
    """The whole checkpoint of a step."""
    return folder / f"{_NAME}{step}"


def keep(folder: Path, step: int) -> None:
    """Seal the checkpoint that lies in ``unfinished(folder)``, and give it its name."""
    written = checkpoint(unfinished(folder), step)
    write_json(written / _SEAL, _facts(written))
    place_folder(written, checkpoint(folder, step))


def forget_old(folder: Path, *, limit: int, best: int | None) -> None:
    """Remove the oldest checkpoints beyond ``limit``, but never the newest one nor that of the step ``best``."""
    found = checkpoints(folder)
    safe = [path for path in found if path == found[0] or _step(path) == best]
    for path in [path for path in found if path not in safe][max(0, limit - len(safe)) :]:
        remove_folder(path)


def newest_checkpoint(folder: Path, say: Callable[[str], None]) -> Path | None:
    """The checkpoint of the highest step that is as it was sealed; those that are not are removed and told of.

    What a run that was killed had begun to write or to remove goes as well.
    """
    for leftover in (unfinished(folder), *folder.glob(f".{_NAME}*.gone")):
        shutil.rmtree(leftover, ignore_errors=True)
    for path in checkpoints(folder):
        damage = _damage(path)
        if damage is None:
            say(f"going on from {path.name}")
            return path
        say(f"{path.name} is removed: {damage}")
        remove_folder(path)
    return None


def checkpoints(folder: Path) -> list[Path]:
    """Every checkpoint of a folder, the newest first."""
    found = [path for path in folder.glob(f"{_NAME}*") if path.name.removeprefix(_NAME).isdecimal()]
    return sorted(found, key=_step, reverse=True)


def _step(path: Path) -> int:
    return int(path.name.removeprefix(_NAME))


def _damage(path: Path) -> str | None:
    """What is wrong with a checkpoint, in words."""
    try:
        sealed = read_json(path / _SEAL)
    except FileNotFoundError:
        return "it has no seal"
    except FormatError:
        return "its seal is damaged"
    found = _facts(path)
    changed = sorted(name for name in {*sealed, *found} if sealed.get(name) != found.get(name))
    return f"not as they were written: {', '.join(changed)}" if changed else None


def _facts(folder: Path) -> dict[str, list[object]]:
    """Size and SHA-256 of every file but the seal."""
    return {path.relative_to(folder).as_posix(): [path.stat().st_size, sha256_file(path)] for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / _SEAL)
