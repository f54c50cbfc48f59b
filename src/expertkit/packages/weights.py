"""An adapter as a folder in PEFT's layout: ``adapter_model.safetensors`` and ``adapter_config.json``."""

from __future__ import annotations

from pathlib import Path

from expertkit import strict_json
from expertkit.adapters import Adapter, decode, encode_config, encode_tensors
from expertkit.files import dump_json, required
from expertkit.packages.names import ADAPTER_CONFIG, TENSORS


def read_adapter(folder: Path, *, hint: str) -> Adapter:
    """The adapter in ``folder``.

    Raises:
        PackagingError: a file is missing; ``hint`` is the command that makes it.
        FormatError: the files are malformed or disagree.
    """
    tensors, config = (required(folder / name, hint=hint) for name in (TENSORS, ADAPTER_CONFIG))
    return decode(tensors, strict_json.loads(config, file=str(folder / ADAPTER_CONFIG)))


def write_adapter(folder: Path, adapter: Adapter, *, base: str) -> None:
    """Write an adapter's two files; ``base`` is the name of its base model."""
    (folder / TENSORS).write_bytes(encode_tensors(adapter))
    (folder / ADAPTER_CONFIG).write_bytes(dump_json(encode_config(adapter, base=base)))
