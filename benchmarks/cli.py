"""How long a person waits for the help of ``expert-cli``."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.commands import say
from benchmarks.rows import Lab, Row, at_most

_TIMES = 10
_LIMIT_S = 0.3


def measure(_lab: Lab) -> list[Row]:
    """Wall time of ``expert-cli --help``, the median of ten."""
    say(f"  > expert-cli --help, {_TIMES} times")
    seconds = median(_help() for _ in range(_TIMES))
    return [at_most(f"expert-cli --help, median of {_TIMES}", seconds, limit=_LIMIT_S, unit="s")]


def _help() -> float:
    begun = time.monotonic()
    subprocess.run([Path(sys.executable).with_name("expert-cli"), "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun
