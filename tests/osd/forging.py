"""OSD files with headers of any content, to be refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from expertkit.files import canonical_json
from expertkit.osd.file import blob, frames

CONTENT: dict[str, Any] = {
    "dora": False,
    "groups": [22],
    "modules": [["layers.0.a", 2, 2, 1]],
    "settings": {
        "alpha": 1, "codec": "f16", "density": 1, "indices": "auto", "rank": 1, "score": "fro", "space": "factor",
    },
}  # fmt: skip
"""A header of one module of 2 x 2."""
GROUP = bytes.fromhex("0000803f 00 003c003c 00 003c003c".replace(" ", ""))
"""What goes with it: S = 1, and ones."""


def file_of(header: bytes, *parts: bytes) -> bytes:
    """A file with a header of these bytes."""
    frame = frames.compress([header])
    return b"".join([blob.MAGIC, len(frame).to_bytes(4, "little"), len(header).to_bytes(4, "little"), frame, *parts])


def forged(change: Callable[[dict[str, Any]], object] | None = None, *, parts: Sequence[bytes] = (GROUP,)) -> bytes:
    """A file whose header was changed and says how long its groups are."""
    content = copied(CONTENT)
    content["groups"] = [len(part) for part in parts]
    if change is not None:
        change(content)
    return file_of(canonical_json(content), *parts)


def copied(value: Any) -> Any:
    """A copy of JSON values."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value
