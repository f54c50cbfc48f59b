"""Manifests: what an expert is and what is shipped, as one frozen model. Texts and mappings in, no files."""

from __future__ import annotations

from expertkit.manifest.migrate import migrate, migrate_text
from expertkit.manifest.model import AdapterEntry, BaseEntry, CustomTemplate, Manifest
from expertkit.manifest.names import base_slug, matching, older_spellings
from expertkit.manifest.parse import Reading, load, loads, parse

__all__ = [
    "AdapterEntry",
    "BaseEntry",
    "CustomTemplate",
    "Manifest",
    "Reading",
    "base_slug",
    "load",
    "loads",
    "matching",
    "migrate",
    "migrate_text",
    "older_spellings",
    "parse",
]
