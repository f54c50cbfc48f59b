"""Optimal Singular Damage: an adapter as few, rounded numbers of its singular vectors, and back.

After Alipour and Amiri (arXiv 2511.02681), who keep more components than fit and zero the entries worth least; what is
theirs, what the requirements of this project ask for, and what is ours is told in docs/osd.md. Knows no torch.

    found = sources(lora)
    small = fit(found, Settings(rank=32, codec="rdq"), budget=20_000)
    decode(small.data).to_lora()
"""

from expertkit.osd.adapter import Module, Osd
from expertkit.osd.blob import decode, encode
from expertkit.osd.compression import Compressed, compress, fit
from expertkit.osd.error import relative_error
from expertkit.osd.settings import Settings
from expertkit.osd.source import Source, sources

NAME = "adapter_model.osd"
"""What the file is called that takes the place of PEFT's ``adapter_model.safetensors``."""

__all__ = [
    "NAME", "Compressed", "Module", "Osd", "Settings", "Source", "compress", "decode", "encode", "fit",
    "relative_error", "sources",
]  # fmt: skip
