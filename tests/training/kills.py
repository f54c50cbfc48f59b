"""Trainings in processes of their own, killed at random steps and begun again; for tests and for a benchmark.

A process is forked from a server that has imported everything and computed nothing, so that starting one takes little.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from expertkit.adapters import encode_tensors
from expertkit.data.domain import domain
from expertkit.files import write_bytes
from expertkit.recipes import TrainConfig
from expertkit.runtime.loading import load_base
from expertkit.training.adapter import train_adapter
from expertkit.training.callback import Listener
from expertkit.training.plan import plan
from tests.training.test_settings import BASELINE, encode

STEPS = 30
LATEST_S = 0.02
"""How long after a step the kill comes at the latest: while the next one is computed, or a checkpoint written."""

_CONFIG = replace(
    BASELINE,
    dropout=0.1,
    target_modules=("q_proj", "v_proj", "down_proj"),
    max_steps=STEPS,
    warmup_steps=3,
    save_steps=3,
)
KINDS = {
    "lora": _CONFIG,
    "dora": replace(_CONFIG, adapter_type="dora"),
    "ia3": replace(_CONFIG, adapter_type="ia3", rank=None, alpha=None, dropout=0.0, feedforward_modules=("down_proj",)),
    "prompt": replace(
        _CONFIG, adapter_type="prompt", rank=None, alpha=None, dropout=0.0, target_modules=None,
        prompt_tokens=5, prompt_init="random",
    ),
}  # fmt: skip
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])
_ADAPTER = "adapter.safetensors"


def train_whole(base: Path, folder: Path, kind: str) -> bytes:
    """The adapter of a training that nobody disturbs."""
    process, _steps = _begin(base, folder, kind)
    process.join()
    return (folder / _ADAPTER).read_bytes()


def train_killed(base: Path, folder: Path, kind: str, *, kills: int, seed: int) -> tuple[bytes, list[int]]:
    """The adapter of a training that is killed (SIGKILL) so many times on its way, and the steps it had come to.

    Args:
        base: the base model's folder.
        folder: where checkpoints go.
        kind: one of ``KINDS``.
        kills: how many.
        seed: of the moments.
    """
    rng = random.Random(f"kills {seed}")
    wanted = sorted(rng.randrange(1, STEPS) for _ in range(kills))
    reached = [_kill(base, folder, kind, step=step, wait_s=rng.uniform(0, LATEST_S)) for step in wanted]
    return train_whole(base, folder, kind), reached


def _kill(base: Path, folder: Path, kind: str, *, step: int, wait_s: float) -> int:
    """Begin or go on, and kill the process a moment after it has come to a step; the last step that it told."""
    process, steps = _begin(base, folder, kind)
    told = 0
    with suppress(EOFError):  # it was over before
        while told < step:
            told = steps.recv()
        time.sleep(wait_s)
    process.kill()
    process.join()
    with suppress(EOFError):
        while True:
            told = steps.recv()
    return told or STEPS


def _begin(base: Path, folder: Path, kind: str) -> tuple[multiprocessing.context.ForkServerProcess, Connection]:
    heard, told = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_train, args=(base, folder, KINDS[kind], told))
    process.start()
    told.close()
    return process, heard


def _train(base: Path, folder: Path, config: TrainConfig, told: Connection) -> None:
    model, tokenizer = load_base(base)
    rows = [encode(tokenizer, item, config) for item in domain("sql").generate("train", count=40, seed=1)]
    listener = Listener(measure=lambda step, _values: told.send(step), say=lambda _note: None)
    planned = plan(rows, config)
    adapter, _curve = train_adapter(model, tokenizer, planned, config, checkpoints=folder, listener=listener)
    write_bytes(folder / _ADAPTER, encode_tensors(adapter))
