"""The transformers Trainer with checkpoints that are whole or not there, in one process or in several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import Trainer
from transformers.trainer import TRAINER_STATE_NAME

from expertkit.training import checkpoints


class SealingTrainer(Trainer):
    """Writes each checkpoint beside, and gives it its name once every process has written its part."""

    def __init__(self, *, folder: Path, **arguments: Any) -> None:
        """Hand everything but ``folder``, where the checkpoints go, to the Trainer."""
        super().__init__(**arguments)
        self.folder = folder

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        best = self.state.best_global_step or None
        if best is not None:
            self.state.best_model_checkpoint = str(checkpoints.checkpoint(self.folder, best))
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            self._name(self.state.global_step, best)
        self.accelerator.wait_for_everyone()

    def _name(self, step: int, best: int | None) -> None:
        """Turn what was written into the checkpoint of a step; its state names the best one where that will lie."""
        written = checkpoints.checkpoint(checkpoints.unfinished(self.folder), step)
        self.state.save_to_json(str(written / TRAINER_STATE_NAME))
        checkpoints.keep(self.folder, step)
        checkpoints.forget_old(self.folder, limit=self.args.save_total_limit or 1, best=best)
