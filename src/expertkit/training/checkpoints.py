"""Checkpoints that can be trusted: whole ones carry a seal, written last; others are not resumed from.

The Trainer writes a checkpoint file by file, so a killed run leaves a half-written one under the
highest number. ``sealed.json`` lists every file with its SHA-256 and exists only when all of them do.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from expertkit.files import read_json, sha256_file, write_json

_SEAL = "sealed.json"


class SealCheckpoints(TrainerCallback):
    """Seals each checkpoint once the Trainer has written it."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ARG002
        """Seal the checkpoint of this step."""
        folder = Path(str(args.output_dir), f"checkpoint-{state.global_step}")
        write_json(folder / _SEAL, _digests(folder))


def newest_checkpoint(folder: Path) -> Path | None:
    """The sealed, unchanged checkpoint of the highest step; those that are not whole are removed."""
    for checkpoint in sorted(folder.glob("checkpoint-*"), key=_step, reverse=True):
        if _is_whole(checkpoint):
            return checkpoint
        shutil.rmtree(checkpoint)
    return None


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("checkpoint-"))


def _is_whole(checkpoint: Path) -> bool:
    seal = checkpoint / _SEAL
    return seal.is_file() and read_json(seal) == _digests(checkpoint)


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in sorted(folder.iterdir()) if path.is_file() and path.name != _SEAL}
