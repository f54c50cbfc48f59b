"""A training of the line that is shared by processes, or has too little memory, learns the same and says so."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from safetensors.numpy import load_file

from tests.pipeline.workspace import BASE, Workspace

pytestmark = pytest.mark.line

PAIR = f"expert-sql-{BASE}"
TRAIN = ("train", "--expert", "expert-sql", "--base", BASE, "--json")
_LITTLE_MEMORY = f"""
import torch
from expertkit.cli.main import main
from expertkit.members.contents import whole
from expertkit.training import stage

def allocate(_model, _given, keywords):
    if len(keywords["input_ids"]) > 4:
        torch.empty(1 << 60, dtype=torch.uint8)

def load_base(*given, **keywords):
    model, tokenizer = whole(*given, **keywords)
    model.register_forward_pre_hook(allocate, with_kwargs=True)
    return model, tokenizer

whole, stage.load_base = stage.load_base, load_base
main({list(TRAIN)})
"""
"""Trains as the command does, where torch refuses the memory for more than four rows."""


def test_two_processes_learn_what_one_learns(workspace: Workspace, tmp_path: Path) -> None:
    """Through accelerate and gloo: curve and adapter within rounding, one voice, and two processes on record."""
    shutil.copytree(workspace.root / "build/train" / PAIR, tmp_path / "one")
    workspace.override({"expert-sql": {"train": {"processes": 2}}})
    workspace.must("expert-cli", "recipes")

    printed = workspace.must("expert-cli", *TRAIN)

    two = workspace.root / "build/train" / PAIR
    assert json.loads(printed)["path"] == f"build/train/{PAIR}"
    assert read(two / "environment.json") == read(tmp_path / "one/environment.json") | {"processes": 2}
    compare(tmp_path / "one", two)
    assert not list((workspace.root / ".work/checkpoints").iterdir())

    learnt = (two / "adapter_model.safetensors").read_bytes()
    kill_after_a_checkpoint(workspace)
    resumed = workspace.run("expert-cli", *TRAIN)

    assert (resumed.returncode, resumed.stderr.count("going on from checkpoint-")) == (0, 1), resumed.stderr
    assert (two / "adapter_model.safetensors").read_bytes() == learnt


def kill_after_a_checkpoint(workspace: Workspace) -> None:
    """Train with SIGKILL for the launcher, once there is something to go on from; its processes end with it."""
    command = [str(Path(sys.executable).with_name("expert-cli")), *TRAIN]
    silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(command, cwd=workspace.root, env=workspace.environment, **silent)
    while not list(workspace.root.glob(".work/checkpoints/*/checkpoint-*/sealed.json")):
        assert running.poll() is None, "it ended before it had a checkpoint"
        time.sleep(0.01)
    launched = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    running.wait()
    _gone, left = psutil.wait_procs(launched, timeout=30)
    assert (len(launched), left) == (2, [])


def test_too_little_memory_is_on_record(workspace: Workspace, tmp_path: Path) -> None:
    """Half the rows twice as often: said while it happens, in the package's settings and in its provenance."""
    shutil.copytree(workspace.root / "build/train" / PAIR, tmp_path / "whole")

    done = workspace.run(sys.executable, "-c", _LITTLE_MEMORY)

    halved = workspace.root / "build/train" / PAIR
    told = read(halved / "training_args.json")
    progress = (workspace.root / f".work/progress/train@{PAIR}.jsonl").read_text()
    assert done.returncode == 0, done.stderr
    assert "out of memory: begun anew with batches of 4 rows, 2 to a step" in done.stderr
    assert "begun anew with batches of 4 rows" in progress
    assert (told["batch_size"], told["gradient_accumulation_steps"]) == (4, 2)
    assert read(halved / "environment.json") == read(tmp_path / "whole/environment.json") | {"halvings": 1}
    compare(tmp_path / "whole", halved)


def compare(one: Path, other: Path) -> None:
    """Hold two trainings equal but for the order of sums."""
    curves = [np.array(list(csv.reader((at / "loss.csv").open()))[1:], dtype=float) for at in (one, other)]
    adapters = [load_file(at / "adapter_model.safetensors") for at in (one, other)]
    np.testing.assert_allclose(*curves, rtol=1e-4)
    assert adapters[0].keys() == adapters[1].keys()
    for name, values in adapters[0].items():
        np.testing.assert_allclose(adapters[1][name], values, atol=1e-3)


def read(path: Path) -> dict[str, Any]:
    """A file of JSON."""
    return dict(json.loads(path.read_text()))
