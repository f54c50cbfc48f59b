"""``dvc.lock``: what DVC recorded about each stage, and a copy for the day it dies while writing it.

DVC rewrites the file in place. A reader may meet it half written, and a killed DVC leaves it so.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from expertkit.files import canonical_json, sha256_bytes, write_bytes

FILE = Path("dvc.lock")
COPY = Path(".work/dvc.lock")

_PATIENCE_S = 10.0
_POLL_S = 0.05


def parse(data: bytes) -> dict[str, dict[str, Any]]:
    """The entry of each stage.

    Raises:
        ValueError: the file is cut short.
    """
    try:
        entries = yaml.load(data, Loader=yaml.CSafeLoader)["stages"]
    except (yaml.YAMLError, TypeError, KeyError) as error:
        raise ValueError(f"{FILE} is not whole: {error}") from error
    if not isinstance(entries, dict) or not all(map(_is_whole, entries.values())) or not data.endswith(b"\n"):
        raise ValueError(f"{FILE} is cut short")
    return entries


def read(stage: str) -> dict[str, Any] | None:
    """The entry of a stage, once nobody is writing the file; None if there is none even then."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if stage in (found := entries()):
            return found[stage]
        time.sleep(_POLL_S)
    return None


def entries() -> dict[str, dict[str, Any]]:
    """Every entry there is; none when the file is not there or not whole."""
    with suppress(FileNotFoundError, ValueError):
        return parse(FILE.read_bytes())
    return {}


def key(entry: dict[str, Any]) -> str:
    """What identifies one run of a stage: its command, what it read and what it wrote."""
    return sha256_bytes(canonical_json(entry))


def keep() -> None:
    """Copy the file if it is whole."""
    with suppress(FileNotFoundError, ValueError):
        data = FILE.read_bytes()
        parse(data)
        write_bytes(COPY, data)


def repair() -> None:
    """Put the last whole copy in the place of a broken file; without one, DVC begins a new file."""
    try:
        parse(FILE.read_bytes())
    except FileNotFoundError:
        return
    except ValueError:
        FILE.unlink()
        if COPY.exists():
            write_bytes(FILE, COPY.read_bytes())


def _is_whole(entry: object) -> bool:
    """Every stage writes something, and DVC lists that last."""
    return isinstance(entry, dict) and bool(entry.get("cmd")) and isinstance(entry.get("outs"), list)
