"""Optimal Singular Damage: an adapter as few, rounded numbers of its singular vectors, and back.

After Alipour and Amiri (arXiv 2511.02681), who keep more components than fit and zero the entries worth least; what is
theirs, what the requirements of this project ask for, and what is ours is told in docs/osd.md. Knows no torch.

    found = sources(lora)
    small = fit(found, Settings(rank=32, codec="rdq"), budget=20_000)
    decode(small.data).to_lora()

Recipes name the settings, and are read by commands that compute nothing: so what computes is imported when it is asked
for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from expertkit.osd.settings import Settings

if TYPE_CHECKING:
    from expertkit.osd.adapter import Module, Osd
    from expertkit.osd.compression import Compressed, compress, fit
    from expertkit.osd.error import relative_error
    from expertkit.osd.file.blob import decode, encode
    from expertkit.osd.source import Source, sources

NAME = "adapter_model.osd"
"""What the file is called that takes the place of PEFT's ``adapter_model.safetensors``."""

_HOMES = {
    "Compressed": "compression", "Module": "adapter", "Osd": "adapter", "Source": "source", "compress": "compression",
    "decode": "file.blob", "encode": "file.blob", "fit": "compression", "relative_error": "error", "sources": "source",
}  # fmt: skip

__all__ = [
    "NAME", "Compressed", "Module", "Osd", "Settings", "Source", "compress", "decode", "encode", "fit",
    "relative_error", "sources",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """What computes, from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
