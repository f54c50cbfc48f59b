"""How the names of base models are compared: one rule for what people type, and the spellings of older programs.

A base may be called by a hub id, a folder or a short name: ``Qwen/Qwen3-0.6B``, ``F:/models/Qwen3-0.6B``,
``qwen3-0.6b``, ``qwen3-0-6b``. Older programs wrote ``qwen306b``, ``qwen3-06b`` and ``qwen3-0-6b`` into the names of
files and folders; without its dot a name may be another base's, so those are understood only in what they wrote.

>>> base_slug("Qwen/Qwen3-0.6B")
'qwen3-0.6b'
>>> sorted(older_spellings("Qwen/Qwen3-0.6B"))
['qwen3-0-6b', 'qwen3-0.6b', 'qwen3-06b', 'qwen306b']
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def base_slug(name: str) -> str:
    """The name as it stands in file names: the last part of a path, lower-case, ``-`` for anything unusual."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1].lower()
    return re.sub(r"[^a-z0-9.]+", "-", last).strip("-.")


def older_spellings(name: str) -> frozenset[str]:
    """What a base's name may be in file names of any program."""
    slug = base_slug(name)
    return frozenset({slug, _dashed(name), slug.replace(".", ""), slug.replace(".", "").replace("-", "")})


def matching(asked: str, names: Iterable[str]) -> list[str]:
    """The names that ``asked`` may mean: the very same one, else those of the same slug, else with dots as dashes."""
    known = list(names)
    for form in (str, base_slug, _dashed):
        found = [name for name in known if form(name) == form(asked)]
        if found:
            return found
    return []


def _dashed(name: str) -> str:
    return base_slug(name).replace(".", "-")
