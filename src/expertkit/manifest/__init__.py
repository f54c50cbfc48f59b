"""Manifests: what an expert is and what is shipped, as one frozen model. Texts and mappings in, no files."""

from __future__ import annotations

from expertkit.manifest.model import AdapterEntry, BaseEntry, Manifest
from expertkit.manifest.parse import loads, parse
from expertkit.manifest.training import TrainConfig

__all__ = ["AdapterEntry", "BaseEntry", "Manifest", "TrainConfig", "loads", "parse"]
