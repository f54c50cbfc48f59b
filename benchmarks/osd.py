"""How small adapters get by Optimal Singular Damage, and how far they then are from their source, beside its rivals.

What is measured runs in processes of its own, each with one thread of BLAS, two at a time where no time is taken: BLAS
shares products among threads that wait for each other, which on a busy computer takes many times as long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from benchmarks import compressing, decomposing, densities, rivals
from benchmarks.commands import say
from benchmarks.compressing import Took
from benchmarks.decomposing import Timed
from benchmarks.densities import Cell
from benchmarks.rivals import F16, RDQ, TRUNCATED, Found
from benchmarks.rows import Lab, Row, at_least, at_most, reported
from expertkit.adapters import CONFIG, TENSORS
from expertkit.files import read_json

Looked = Mapping[str, Mapping[str, Found]]
"""Rank of the budget, or ``any``, to what came of each method."""

_MEGA = 10**6
_MILLI = 1e-3
_SPEEDUPS = {16: 500, 32: 250}
_GOALS = {F16: 0.85, RDQ: 0.25}
_GOAL_RANK = 8
_TIMED = ("rdq:2", "f16:0.5")
_SIZED = (("rdq:1", "f16:0.1", "f16:0.2", "int8:0.1"), ("rdq:4", "int8:0.2", "int8:0.5"))
"""For two processes."""
_LORA_RANKS = (8, 12, 16, 24, 32)


def measure(lab: Lab) -> list[Row]:
    """Adapters made small by OSD and by its rivals at equal bytes; what compressing, reading and fusing take."""
    folders = trained(lab.adapters)
    return [*_decomposing_rows(), *_large_rows(), *(_adapter_rows(folders) if folders else [_missing(lab.adapters)])]


def trained(folder: Path) -> list[Path]:
    """The folders in ``folder`` that hold a LoRA or DoRA, sorted."""
    return [path.parent for path in sorted(folder.glob(f"*/{TENSORS}"))
            if read_json(path.with_name(CONFIG)).get("peft_type") == "LORA"]  # fmt: skip


def compare_decomposing(timed: Iterable[Timed]) -> list[Row]:
    """All modules of a layer together, against the goal of each rank; the worst shape, and the agreement."""
    found = list(timed)
    rows = []
    for rank, limit in _SPEEDUPS.items():
        of_rank = [each for each in found if each.rank == rank]
        dense, thin = (sum(each.modules * seconds for each, seconds in zip(of_rank, taken, strict=True))
                       for taken in ([each.dense for each in of_rank], [each.thin for each in of_rank]))  # fmt: skip
        name = f"decomposition, dense / by factors, rank {rank}"
        worst = min(each.dense / each.thin for each in of_rank)
        rows += [at_least(f"{name}, a layer of Qwen3-0.6B", dense / thin, limit=limit),
                 reported(f"{name}, the least of a shape", f"{worst:.0f}"),
                 reported(f"decomposition by factors, rank {rank}, a layer", f"{thin / _MILLI:.2f} ms")]  # fmt: skip
    difference = max(each.difference for each in found)
    name = "decomposition, dense and by factors, difference at most"
    return [*rows, Row(name=name, measured=f"{difference:.1e}", goal="at most 1e-10", met=difference <= 1e-10)]


def compare_large(took: Sequence[Took], sizes: Mapping[str, int]) -> list[Row]:
    """Times and memory against their goals; sizes beside those of a LoRA."""
    all_sizes = {**{each.name: each.size for each in took}, **sizes}
    return [
        *(row for each in took for row in _time_rows(each)),
        _lora_sizes(),
        *(reported(f"file of the adapter, {_said(name)}", f"{size / _MEGA:.2f} MB")
          for name, size in sorted(all_sizes.items())),
    ]  # fmt: skip


def compare_rivals(looked: Mapping[str, Looked]) -> list[Row]:
    """Error at equal bytes as a ratio to that of truncSVD: the mean of all adapters, then each adapter."""
    rows = [at_most(f"error / truncSVD, bytes of rank {_GOAL_RANK}, mean of {len(looked)}: {name}",
                    _mean(looked, str(_GOAL_RANK), name) or float("inf"), limit=limit)
            for name, limit in _GOALS.items()]  # fmt: skip
    names = list(dict.fromkeys(name for each in looked.values() for rank in _ranks() for name in each[rank]))
    series = f"error / truncSVD, bytes of rank {', '.join(_ranks())}"
    rows += [reported(f"{series}, mean: {name}", _numbers(_mean(looked, rank, name) for rank in _ranks()))
             for name in names if name != TRUNCATED]  # fmt: skip
    return rows + [row for adapter, each in looked.items() for row in _own_rows(adapter, each, names, series)]


def compare_densities(adapter: str, cells: Iterable[Cell]) -> list[Row]:
    """Error and size at every share, a row for each rank."""
    found: dict[tuple[str, str, int], list[Cell]] = {}
    for cell in cells:
        found.setdefault((cell.space, cell.meaning, cell.rank), []).append(cell)
    shares = ", ".join(f"{share:g}" for share in densities.SHARES)
    return [reported(f"{adapter}: {space} space, {shares} {meaning}, rank {rank}: error (kB)",
                     "  ".join(f"{cell.error:.3f} ({cell.size / 1000:.1f})" for cell in row))
            for (space, meaning, rank), row in found.items()]  # fmt: skip


def _decomposing_rows() -> list[Row]:
    say("  > the decomposition of every shape of Qwen3-0.6B, dense and by factors")
    return compare_decomposing(Timed(**each) for each in json.loads(_run(decomposing)))


def _large_rows() -> list[Row]:
    took = []
    for name in _TIMED:
        say(f"  > an adapter of Qwen3-0.6B at rank {compressing.RANK} compressed, {_said(name)}")
        took.append(Took(**json.loads(_run(compressing, name))))
    say("  > the same, sizes alone")
    with ThreadPoolExecutor(len(_SIZED)) as pool:
        found = list(pool.map(lambda names: _run(compressing, compressing.SIZES, *names), _SIZED))
    return compare_large(took, {name: size for each in found for name, size in json.loads(each).items()})


def _adapter_rows(folders: Sequence[Path]) -> list[Row]:
    say(f"  > {', '.join(folder.name for folder in folders)}: every method at the bytes of rank {', '.join(_ranks())}")
    with ThreadPoolExecutor(2) as pool:
        looked = dict(zip((folder.name for folder in folders), pool.map(_look, folders), strict=True))
    first = folders[0]
    say(f"  > {first.name} at every rank and density of the requirements")
    cells = [Cell(**each) for each in json.loads(_run(densities, str(first)))]
    return [*compare_rivals(looked), *compare_densities(first.name, cells)]


def _missing(folder: Path) -> Row:
    how = "none: make run trains those of this project, --adapters names another folder"
    return Row(name=f"trained adapters in {folder}", measured=how, goal="at least one", met=False)


def _look(folder: Path) -> Looked:
    looked = json.loads(_run(rivals, str(folder)))
    say(f"    {folder.name}: done")
    return {rank: {name: Found(**each) for name, each in methods.items()} for rank, methods in looked.items()}


def _run(module: Any, *given: str) -> str:
    """What a module prints in a process of its own."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", module.__name__, *given]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def _time_rows(took: Took) -> list[Row]:
    what = f"Qwen3-0.6B at rank {compressing.RANK}, {_said(took.name)}"
    return [
        at_most(f"compress {what}", took.seconds, limit=30, unit="s"),
        reported(f"compress {what}, processors", f"{took.processor:.2f} s"),
        at_most(f"compress {what}, peak memory over the interpreter's", took.peak / _MEGA, limit=1000, unit="MB"),
        at_most(f"decode {what}", took.decode / _MILLI, limit=200, unit="ms"),
        at_most(f"fuse {what}", took.fuse, limit=1.5, unit="s"),
    ]


def _lora_sizes() -> Row:
    sizes = "  ".join(f"{compressing.lora_size(rank) / _MEGA:.2f}" for rank in _LORA_RANKS)
    return reported(f"file of a LoRA in float16, rank {', '.join(map(str, _LORA_RANKS))}", f"{sizes} MB")


def _said(name: str) -> str:
    """Codec and amount in words."""
    codec, _, amount = name.partition(":")
    return f"{codec} {amount} bits per parameter" if codec == "rdq" else f"{codec} density {amount}"


def _ranks() -> list[str]:
    return [str(rank) for rank in rivals.RANKS]


def _ratio(looked: Looked, rank: str, name: str) -> float | None:
    found = looked[rank].get(name)
    return None if found is None else found.error / looked[rank][TRUNCATED].error


def _mean(looked: Mapping[str, Looked], rank: str, name: str) -> float | None:
    """The geometric mean, where every adapter has the method."""
    ratios = [ratio for each in looked.values() if (ratio := _ratio(each, rank, name)) is not None]
    return geometric_mean(ratios) if ratios and len(ratios) == len(looked) else None


def _own_rows(adapter: str, looked: Looked, names: Sequence[str], series: str) -> list[Row]:
    of_ranks = [looked[rank] for rank in _ranks()]
    errors = _numbers(each[TRUNCATED].error for each in of_ranks)
    return [
        reported(f"{adapter}: error of truncSVD at rank {', '.join(_ranks())}", errors),
        *(reported(f"{adapter}: {series}: {name}", _numbers(_ratio(looked, rank, name) for rank in _ranks()))
          for name in names if name != TRUNCATED),
        reported(f"{adapter}: {F16}, knobs", "; ".join(each[F16].how for each in of_ranks if F16 in each)),
        *(reported(f"{adapter}: {name}, error (bytes)", f"{each.error:.4f} ({each.size:,})")
          for name, each in looked["any"].items()),
    ]  # fmt: skip


def _numbers(values: Iterable[float | None]) -> str:
    return "  ".join("-" if value is None else f"{value:.3f}" for value in values)
