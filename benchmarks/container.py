"""How fast and how small containers are, beside the archive of the same expert and the safetensors library.

``raw`` and ``auto`` are the codecs that a container was written with; ``auto`` stores an adapter of 16 bits in planes.
MB are 10^6 bytes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO

import torch

from benchmarks import experts, loading
from benchmarks.cold import Times, alternate
from benchmarks.commands import say
from benchmarks.experts import Expert
from benchmarks.packing import LAYERS, RANK, WIDTHS, make_lora, seconds_of
from benchmarks.rows import Lab, Row, at_least, at_most, equal, reported
from expertkit.containers import codecs, kinds
from expertkit.containers.writer import Options
from expertkit.errors import ExpertError
from expertkit.packages.conversion import convert
from expertkit.packages.names import MANIFEST, TENSORS
from expertkit.packages.streaming import Layers

_ROUNDS = 20
_LARGE = 10**9
_MEGA = 10**6
_MILLI = 1e-3
_LIBRARY = "safetensors.torch load_file and SHA-256 of the file"
_WRITER = """
import re, sys, time
from pathlib import Path
from expertkit.containers.sources import Held, OnDisk
from expertkit.containers.writer import Options
from expertkit.packages.names import MANIFEST, TENSORS
from expertkit.packages.writing import write_container
def peak():  # not ru_maxrss, which begins with that of the process that started this one
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
manifest, adapter, target = map(Path, sys.argv[1:])
before = peak()
begun = time.monotonic()
with adapter.open("rb") as source, target.open("xb") as file:
    members = {MANIFEST: Held(manifest.read_bytes()), TENSORS: OnDisk(source.fileno())}
    write_container(file, members, options=Options(codec="auto"))
print(peak() - before, time.monotonic() - begun)
"""

_LOADER = """
import sys, time
from pathlib import Path
from expertkit.containers.reader import Container
from expertkit.containers.sources import mapped
from expertkit.packages.streaming import Layers
for _ in range(1 + int(sys.argv[2])):  # the first also loads libraries
    with Layers(Container(mapped(Path(sys.argv[1]))), threads=1) as layers:
        begun = time.monotonic()
        loaded = layers.load()
        print(time.monotonic() - begun)
        del loaded
"""


def measure(lab: Lab) -> list[Row]:
    """A signed expert of Qwen3-0.6B's shape opened, loaded, packed and converted as a container, beside its tar.gz."""
    folder = lab.scratch / "container"
    say("  > one expert as an archive and as containers")
    expert = experts.make(folder, make_lora())
    say(f"    adapter of {LAYERS} layers with {len(WIDTHS)} modules at rank {RANK}: {_sizes(expert)}")
    ways = loading.ways(expert)
    say(f"  > {'; '.join(ways)}: cold and hot, {_ROUNDS} times in turn")
    times = alternate(ways, rounds=_ROUNDS)
    return [
        *compare(times),
        *compare_load(times),
        *_packing_rows(expert, folder),
        *_planes_rows(expert),
        _conversion_row(expert, folder),
        *_device_rows(expert),
        *_large_rows(expert, folder),
    ]


def compare(times: Times) -> list[Row]:
    """What was measured of a container's layers, against its goals and against the library."""
    heats = (("hot", times.hot), ("cold", times.cold))
    first = (("raw", loading.FIRST), ("auto", loading.FIRST_AUTO))
    ours, alone, theirs = loading.LAYERS, loading.LAYERS_ALONE, loading.LIBRARY
    hot = times.hot[theirs]
    return [
        *(_at_most_ms(f"opened, signature, root and TOC checked: raw, {heat}", seconds[loading.OPEN], limit=5)
          for heat, seconds in heats),
        *(_at_most_ms(f"first layer usable: {codec}, {heat}", seconds[way], limit=10)
          for codec, way in first for heat, seconds in heats),
        _at_most_ms("all layers loaded and hashed: raw, hot", times.hot[ours], limit=50),
        _at_most_ms("all layers loaded and hashed: raw, cold", times.cold[ours], limit=200),
        *(_reported_ms(f"all layers loaded and hashed: auto, {heat}", seconds[loading.LAYERS_AUTO])
          for heat, seconds in heats),
        *(_reported_ms(f"{_LIBRARY}: {heat}", seconds[theirs]) for heat, seconds in heats),
        at_most(f"all layers / {_LIBRARY}: raw, hot", times.hot[ours] / hot, limit=1.3),
        _reported_ratio(f"all layers / {_LIBRARY}: raw, hot, one thread", times.hot[alone] / hot),
        _reported_ratio(f"all layers / {_LIBRARY}: raw, cold", times.cold[ours] / times.cold[theirs]),
        equal("pages of a file in memory before it was read cold, at most", str(times.left), expected="0"),
    ]  # fmt: skip


def compare_load(times: Times) -> list[Row]:
    """A container whose sections are all loaded and hashed, against an archive of which the same is known."""
    hot, cold = times.hot, times.cold
    ways = (("raw", loading.ALL), ("auto", loading.ALL_AUTO))
    once = "tar.gz in one pass, signature not looked at"
    return [
        *(at_least(f"load, tar.gz / container: {codec}, hot", hot[loading.ARCHIVE] / hot[way], limit=10)
          for codec, way in ways),
        *(_reported_ratio(f"load, tar.gz / container: {codec}, cold", cold[loading.ARCHIVE] / cold[way])
          for codec, way in ways),
        *(_reported_ratio(f"load, {once} / container: {codec}, hot", hot[loading.ARCHIVE_ONCE] / hot[way])
          for codec, way in ways),
        _reported_ms("load, tar.gz: hot", hot[loading.ARCHIVE]),
        _reported_ms(f"load, {once}: hot", hot[loading.ARCHIVE_ONCE]),
    ]  # fmt: skip


def _sizes(expert: Expert) -> str:
    """Bytes of the adapter alone and of each package."""
    paths: dict[str, Path] = {"alone": expert.adapter, "tar.gz": expert.archive}
    paths |= {codec: expert.path(codec) for codec in expert.digests}
    return ", ".join(f"{name} {path.stat().st_size:,} bytes" for name, path in paths.items())


def _packing_rows(expert: Expert, folder: Path) -> list[Row]:
    """Both forms written to files on one disk."""
    packs: dict[str, Callable[[IO[bytes]], object]] = {
        "tar.gz": partial(experts.pack_archive, expert.members),
        "auto": partial(experts.pack_container, expert.members, "auto"),
        "planes": partial(experts.pack_container, expert.members, "planes"),
    }
    say(f"  > packing as {', '.join(packs)}, {_ROUNDS} times in turn")
    taken: dict[str, list[float]] = {name: [] for name in packs}
    for _ in range(_ROUNDS):
        for name, pack in packs.items():
            taken[name].append(seconds_of(partial(_write, folder / "packed", pack)))
    seconds = {name: median(each) for name, each in taken.items()}
    speed = sum(map(len, expert.members.values())) / seconds["planes"] / _MEGA
    auto, archive = expert.path("auto").stat().st_size, expert.archive.stat().st_size
    return [
        at_least("pack to a file, tar.gz / container: auto", seconds["tar.gz"] / seconds["auto"], limit=10),
        _reported_ms("pack to a file, tar.gz", seconds["tar.gz"]),
        _reported_ms("pack to a file, container: auto", seconds["auto"]),
        at_most("size, container / tar.gz: auto", auto / archive, limit=0.9),
        at_least("pack to a file and hash: planes, one core", speed, limit=150, unit="MB/s"),
    ]


def _write(path: Path, pack: Callable[[IO[bytes]], object]) -> None:
    with path.open("wb") as file:
        pack(file)


def _planes_rows(expert: Expert) -> list[Row]:
    """A core's speed of loading a container that was opened, and what is left of the adapter."""
    say(f"  > planes with one thread, {_ROUNDS} times, in a process that does nothing else and then in this one")
    entries = [entry for entry in expert.open("auto").entries if entry.type == kinds.ADAPTER.number]
    if {entry.codec for entry in entries} != {codecs.PLANES}:
        raise ExpertError("container, auto: expected planes in each section of the adapter, got others")
    raw = sum(entry.raw for entry in entries)
    share = sum(entry.stored for entry in entries) / raw
    alone = median(_run(_LOADER, expert.path("auto"), _ROUNDS)[1:])
    here = median(_load(expert) for _ in range(_ROUNDS))
    name = "load and hash: planes, hot, one core"
    return [
        at_least(f"{name}, a process of its own", raw / alone / _MEGA, limit=400, unit="MB/s"),
        reported(f"{name}, this process", f"{raw / here / _MEGA:.2f} MB/s"),
        at_most("planes, share of the raw bytes", share, limit=0.69),
    ]


def _load(expert: Expert) -> float:
    with Layers(expert.open("auto"), threads=1) as layers:
        return seconds_of(layers.load)


def _conversion_row(expert: Expert, folder: Path) -> Row:
    """There and back, each time signed with the same key."""
    say("  > archive to container to archive")
    options, signer = Options(), expert.signer
    there = convert(
        expert.archive, output=folder / "there", form="container", options=options, verifier=None, signer=signer
    ).built
    back = convert(
        there.path, output=folder / "back", form="archive", options=options, verifier=None, signer=signer
    ).built
    is_same = back.path.read_bytes() == expert.archive.read_bytes()
    return equal(
        "signed tar.gz to container to tar.gz, the very same bytes", "yes" if is_same else "no", expected="yes"
    )


def _device_rows(expert: Expert) -> list[Row]:
    """The adapter on a graphics card, where there is one."""
    name = "open to weights on the GPU / safetensors.torch load_file to the GPU: raw, hot"
    if not torch.cuda.is_available():
        return [reported(name, "no GPU")]
    ways = loading.ways_to("cuda", expert)
    say(f"  > {'; '.join(ways)}: {_ROUNDS} times in turn")
    hot = alternate(ways, rounds=_ROUNDS).hot
    ours, theirs = hot[loading.OURS], hot[loading.THEIRS]
    return [_reported_ratio(name, ours / theirs), _reported_ms("open to weights on the GPU: raw, hot", ours)]


def _large_rows(expert: Expert, folder: Path) -> list[Row]:
    """A process of its own writes a container from a file; peak and time are what it tells of itself."""
    say(f"  > writing a container of an adapter of {_LARGE:,} bytes")
    with TemporaryDirectory(dir=folder) as scratch:
        manifest, adapter, target = (Path(scratch, name) for name in (MANIFEST, TENSORS, "large.expert"))
        manifest.write_bytes(expert.members[MANIFEST])
        experts.write_large(adapter, size=_LARGE)
        peak, seconds = _run(_WRITER, manifest, adapter, target)
        size = adapter.stat().st_size
    name = f"write {size / _LARGE:.2f} GB from a file to a file: auto"
    return [
        at_most(f"{name}, peak memory over the interpreter's", peak / _MEGA, limit=150, unit="MB"),
        reported(f"{name}, hashed", f"{size / seconds / _MEGA:.2f} MB/s"),
    ]


def _run(program: str, *given: object) -> list[float]:
    """The numbers that a program prints in a process of its own."""
    command = [sys.executable, "-c", program, *map(str, given)]
    return [float(word) for word in subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.split()]


def _at_most_ms(name: str, seconds: float, *, limit: float) -> Row:
    return at_most(name, seconds / _MILLI, limit=limit, unit="ms")


def _reported_ms(name: str, seconds: float) -> Row:
    return reported(name, f"{seconds / _MILLI:.2f} ms")


def _reported_ratio(name: str, ratio: float) -> Row:
    return reported(name, f"{ratio:.2f}")
