"""A signature as both forms carry it: an envelope, whose bytes mean nothing here, with its certificates."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 16
"""Signatures of one package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """An envelope with its chain."""

    envelope: bytes
    chain: tuple[bytes, ...] = ()
    """Certificates as DER, from that of the key towards a root."""
