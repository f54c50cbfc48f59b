"""DVC's list of who reads and writes which files, put right after a kill.

DVC rewrites it in place, refuses one that is cut short, and takes a name on it for busy as long as any
process has that number: also a dead one that nobody has waited for, and a new one of another program.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from expertkit.files import write_json

LIST = Path(".dvc/tmp/rwlock")


def repair() -> None:
    """Take off the list whoever is no DVC that still runs; a list that cannot be read is removed."""
    try:
        listed = json.loads(LIST.read_bytes())
        kept = {
            "write": {path: info for path, info in listed.get("write", {}).items() if _runs(info)},
            "read": {path: found for path, infos in listed.get("read", {}).items() if (found := _running(infos))},
        }
    except FileNotFoundError:
        return
    except (ValueError, AttributeError, TypeError, KeyError):
        LIST.unlink()
    else:
        if kept != listed:
            write_json(LIST, kept)


def _running(infos: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [info for info in infos if _runs(info)]


def _runs(info: dict[str, Any]) -> bool:
    """A dead process has no command line; another program's has no word ``dvc``, with or without a path."""
    with suppress(OSError):
        words = Path(f"/proc/{int(info['pid'])}/cmdline").read_bytes().split(b"\0")
        return b"dvc" in (word.rpartition(b"/")[2] for word in words)
    return False
