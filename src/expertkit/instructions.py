"""One instruction set for every x86-64 processor, so that the same recipe gives the same bytes on each of one maker.

Torch, MKL and oneDNN each choose their code by what a processor can do, and another choice adds up
sums in another order. AVX2 with fused multiply-add is what all of today's have; on a processor with
AVX-512 it costs these models some three percent. MKL heeds that on Intel's alone, and has code of its
own for others: so its maker is on record too. Who needs the same bytes on all of them says
``MKL_CBWR=COMPATIBLE``, and waits longer.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

OF_NUMPY = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1"}
"""The same for numpy's products and decompositions; and one thread, as many small ones on a busy processor wait for
each other, and two threads add up in another order than one."""
COMMON = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
"""Variables that torch, MKL and oneDNN read once, before their first computation."""

_PROCESSORS = Path("/proc/cpuinfo")


def use_common_instructions(environment: MutableMapping[str, str]) -> None:
    """Choose AVX2 where the processor has it; a value that a person has set wins."""
    if _has_avx2():
        for name, value in (COMMON | OF_NUMPY).items():
            environment.setdefault(name, value)


def chosen_instructions(environment: Mapping[str, str]) -> dict[str, str | None]:
    """What was chosen, null where each library decides for itself."""
    return {name: environment.get(name) for name in COMMON}


def deciding_maker(environment: Mapping[str, str]) -> str | None:
    """Who made the processor, such as ``GenuineIntel``; null where that decides nothing, or is not known."""
    if environment.get("MKL_CBWR") == "COMPATIBLE":
        return None
    return next((line.split(":", 1)[1].strip() for line in _told() if line.startswith("vendor_id")), None)


def _has_avx2() -> bool:
    """Asked to use AVX2 without it, torch would die of an illegal instruction."""
    return any(line.startswith("flags") and {"avx2", "fma"} <= set(line.split()) for line in _told())


def _told() -> Iterator[str]:
    """What Linux tells of x86-64 processors, line by line."""
    if platform.machine() == "x86_64" and _PROCESSORS.is_file():
        with _PROCESSORS.open(encoding="utf-8", errors="replace") as lines:
            yield from lines
