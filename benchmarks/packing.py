"""How fast and how small packing is, beside ``tar czf`` of the same files; how long a manifest's check takes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.commands import say
from benchmarks.rows import Lab, Row, at_most
from expertkit.adapters import Factors, Lora, encode_tensors
from expertkit.archives import archive
from expertkit.manifest import loads
from expertkit.members.contents import whole
from expertkit.packages.names import TENSORS

RANK = 16
LAYERS = 28
WIDTHS = {  # Qwen3-0.6B: module -> (in, out)
    "self_attn.q_proj": (1024, 2048), "self_attn.k_proj": (1024, 1024), "self_attn.v_proj": (1024, 1024),
    "self_attn.o_proj": (2048, 1024), "mlp.gate_proj": (1024, 3072), "mlp.up_proj": (1024, 3072),
    "mlp.down_proj": (3072, 1024),
}  # fmt: skip

_ROUNDS = 3
_MANIFEST = Path("experts/expert-sql/manifest.json")
_CHECKS = 200


def measure(lab: Lab) -> list[Row]:
    """Packing an adapter of Qwen3-0.6B's shape against ``tar czf``, and ``validate`` of a manifest."""
    folder = lab.scratch / "packing"
    files = _write_files(folder)
    say(f"  > packing {sum(map(len, files.values())):,} bytes and tar czf of them, {_ROUNDS} times in turn")
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(seconds_of(lambda: _pack(files, folder / "ours.expert")))
        theirs.append(seconds_of(lambda: _tar(list(files), folder)))
    ratio = (folder / "ours.expert").stat().st_size / (folder / "theirs.tgz").stat().st_size
    data = _MANIFEST.read_bytes()
    say(f"  > expert-cli validate of a manifest, {2 * _ROUNDS + 1} times")
    process = median(seconds_of(_validate) for _ in range(2 * _ROUNDS + 1))
    inside = median(seconds_of(lambda: loads(data, file="manifest.json")) for _ in range(_CHECKS))
    return [
        at_most("packing / tar czf, time", median(ours) / median(theirs), limit=1.0, unit=""),
        at_most("packing / tar czf, size", ratio, limit=1.005, unit=""),
        at_most("validate of a manifest, whole process", process, limit=0.4, unit="s"),
        at_most("validate of a manifest, in process", 1000 * inside, limit=2.0, unit="ms"),
    ]


def make_lora(*, layers: int = LAYERS) -> Lora:
    """A trained-looking adapter in bfloat16."""
    rng = np.random.default_rng(1)
    modules = {
        f"model.layers.{layer}.{name}": Factors(
            a=rng.normal(0, 0.02, (RANK, width)).astype(np.float32),
            b=rng.normal(0, 0.02, (out, RANK)).astype(np.float32),
        )
        for layer in range(layers)
        for name, (width, out) in WIDTHS.items()
    }
    return Lora(rank=RANK, alpha=float(RANK), dropout=0.0, modules=modules, dtype="bfloat16")


def seconds_of(work: Callable[[], object]) -> float:
    """Wall time; letting go of the result does not count."""
    begun = time.monotonic()
    result = work()
    seconds = time.monotonic() - begun
    del result
    return seconds


def _write_files(folder: Path) -> dict[str, bytes]:
    """The members of a package with that adapter."""
    files = {TENSORS: encode_tensors(make_lora()), "manifest.json": _MANIFEST.read_bytes()}
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return dict(sorted(files.items()))


def _pack(files: dict[str, bytes], target: Path) -> None:
    with target.open("wb") as file:
        archive.write(file, whole(files))


def _tar(names: list[str], folder: Path) -> None:
    subprocess.run(["tar", "czf", "theirs.tgz", *names], cwd=folder, check=True)


def _validate() -> None:
    program = Path(sys.executable).with_name("expert-cli")
    subprocess.run([program, "validate", _MANIFEST], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
