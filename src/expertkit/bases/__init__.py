"""Base models: what identifies one, where it lies, whether it is the one an expert was made for. No torch."""

from __future__ import annotations

from expertkit.bases.fingerprint import check, fingerprint, require
from expertkit.bases.location import BaseModel, locate
from expertkit.bases.placing import bring, is_brought, link, place
from expertkit.bases.shapes import linear_shapes

__all__ = [
    "BaseModel",
    "bring",
    "check",
    "fingerprint",
    "is_brought",
    "linear_shapes",
    "link",
    "locate",
    "place",
    "require",
]
