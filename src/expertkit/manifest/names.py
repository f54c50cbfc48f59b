"""How the names of base models are compared: one rule, which knows the spellings of older files.

A base may be called by a hub id, a folder or a short name: ``Qwen/Qwen3-0.6B``, ``F:/models/Qwen3-0.6B``,
``qwen3-0.6b``; older programs wrote ``qwen306b``, ``qwen3-06b`` and ``qwen3-0-6b`` into file names.

>>> base_slug("Qwen/Qwen3-0.6B")
'qwen3-0.6b'
>>> {base_key(name) for name in ("F:/models/Qwen3-0.6B", "qwen306b", "qwen3-06b", "qwen3-0-6b")}
{'qwen306b'}
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def base_slug(name: str) -> str:
    """The name as it stands in file names: the last part of a path, lower-case, ``-`` for anything unusual."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1].lower()
    return re.sub(r"[^a-z0-9.]+", "-", last).strip("-.")


def base_key(name: str) -> str:
    """Equal for all spellings of one name: its letters and digits."""
    return re.sub(r"[^a-z0-9]", "", base_slug(name))


def matching(asked: str, names: Iterable[str]) -> list[str]:
    """The names that ``asked`` may mean: the very same one, else those of the same slug, else of the same key."""
    known = list(names)
    for form in (str, base_slug, base_key):
        found = [name for name in known if form(name) == form(asked)]
        if found:
            return found
    return []
