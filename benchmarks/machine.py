"""What the machine is, so that a number can be compared with another one."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

_MODEL = re.compile(r"^model name\s*: (.+)$", re.MULTILINE)


def facts() -> dict[str, str]:
    """Processor, memory, Python, torch, accelerator, and how busy the machine is already."""
    return {
        "cpu": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB",
        "python": platform.python_version(),
        "torch": version("torch"),
        "gpu": _accelerator(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    """Its name, which some architectures do not tell."""
    named = _MODEL.search(Path("/proc/cpuinfo").read_text())
    return named[1] if named else platform.machine()


def _accelerator() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
