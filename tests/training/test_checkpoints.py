"""A checkpoint has its name only when it is whole, and is gone on from only as it was sealed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from expertkit.training.checkpoints import checkpoints, forget_old, keep, newest_checkpoint, unfinished


def make(folder: Path, *steps: int) -> None:
    """Checkpoints of these steps, as a training writes them."""
    for step in steps:
        written = unfinished(folder) / f"checkpoint-{step}"
        written.mkdir(parents=True)
        (written / "adapter_model.safetensors").write_bytes(b"weights" * step)
        (written / "optimizer.pt").write_bytes(b"moments")
        keep(folder, step)


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def cut(path: Path) -> None:
    """Leave half of a file."""
    path.write_bytes(path.read_bytes()[:3])


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file cut short": (lambda at: cut(at / "optimizer.pt"), "not as they were written: optimizer.pt"),
    "other bytes": (lambda at: (at / "optimizer.pt").write_bytes(b"Moments") and None, "written: optimizer.pt"),
    "a file gone": (lambda at: (at / "optimizer.pt").unlink(), "written: optimizer.pt"),
    "a file more": (lambda at: (at / "stray").touch(), "written: stray"),
    "no seal": (lambda at: (at / "sealed.json").unlink(), "it has no seal"),
    "half a seal": (lambda at: cut(at / "sealed.json"), "its seal is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_removed_and_said(tmp_path: Path, damage: str) -> None:
    """The one before it is gone on from, and a person hears why."""
    make(tmp_path, 20, 40)
    spoil, reason = DAMAGE[damage]
    spoil(tmp_path / "checkpoint-40")
    said: list[str] = []

    found = newest_checkpoint(tmp_path, said.append)

    assert found == tmp_path / "checkpoint-20"
    assert names(tmp_path) == ["checkpoint-20"]
    assert said[0].startswith("checkpoint-40 is removed: ")
    assert reason in said[0]
    assert said[1] == "going on from checkpoint-20"


def test_what_was_being_written_or_removed_is_no_checkpoint(tmp_path: Path) -> None:
    """It has another name, and the next training clears it away."""
    make(tmp_path, 9, 10)
    (unfinished(tmp_path) / "checkpoint-11").mkdir(parents=True)
    (tmp_path / "checkpoint-9").rename(tmp_path / ".checkpoint-9.gone")
    (tmp_path / "checkpoint-notes").mkdir()

    found = newest_checkpoint(tmp_path, lambda _note: None)

    assert found == tmp_path / "checkpoint-10"
    assert names(tmp_path) == ["checkpoint-10", "checkpoint-notes"]


@pytest.mark.parametrize(
    ("limit", "best", "kept"),
    [(2, None, [40, 30]), (1, None, [40]), (2, 10, [40, 10]), (1, 10, [40, 10]), (3, 20, [40, 30, 20]), (1, 40, [40])],
)
def test_the_newest_and_the_best_are_kept(tmp_path: Path, limit: int, best: int | None, kept: list[int]) -> None:
    """Of the others the newest, up to the limit."""
    make(tmp_path, 10, 20, 30, 40)

    forget_old(tmp_path, limit=limit, best=best)

    assert checkpoints(tmp_path) == [tmp_path / f"checkpoint-{step}" for step in kept]


def test_a_checkpoint_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file and the folder are synced, then renamed, then the folder above is synced: in this order."""
    events: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda at: events.append(Path(f"/proc/self/fd/{at}").readlink().name))
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda at, to: (events.append(f"named {to.name}"), rename(at, to))[1])

    make(tmp_path, 5)

    before, after = events[: events.index("named checkpoint-5")], events[events.index("named checkpoint-5") + 1 :]
    assert {"adapter_model.safetensors", "optimizer.pt", "sealed.json", "checkpoint-5"} <= set(before)
    assert after == [tmp_path.name]
