"""An adapter as a folder: ``adapter_config.json`` and the file that carries it, in PEFT's layout or as OSD."""

from __future__ import annotations

from pathlib import Path

from expertkit import layout, strict_json
from expertkit.adapters import Adapter, encode_config, encode_tensors
from expertkit.files import dump_json, required
from expertkit.packages import carriers
from expertkit.packages.names import ADAPTER_CONFIG, CARRIERS, OSD, TENSORS


def find_carrier(folder: Path) -> Path | None:
    """The file that carries the adapter in a folder; None where there is none.

    Raises:
        FormatError: there are two.
    """
    there = [name for name in CARRIERS if (folder / name).is_file()]
    return folder / carriers.find(there, file=str(folder)) if there else None


def read_carrier(folder: Path, *, hint: str) -> tuple[str, bytes]:
    """Name and bytes of the file that carries the adapter in ``folder``.

    Raises:
        PackagingError: there is none; ``hint`` is the command that makes it.
        FormatError: there are two.
    """
    path = find_carrier(folder) or folder / TENSORS
    return path.name, required(path, hint=hint)


def read_adapter(folder: Path, *, hint: str) -> Adapter:
    """The adapter in ``folder``; of an OSD file the LoRA or DoRA that it decodes to.

    Raises:
        PackagingError: a file is missing; ``hint`` is the command that makes it.
        FormatError: the files are malformed or disagree, or there are two that carry it.
    """
    name, data = read_carrier(folder, hint=hint)
    config = required(folder / ADAPTER_CONFIG, hint=hint)
    return carriers.decode(name, data, strict_json.loads(config, file=str(folder / ADAPTER_CONFIG)))


def read_trained(project: Path, expert: str, base: str) -> Adapter:
    """The adapter of an expert for a base as training left it.

    Raises:
        PackagingError: it was not trained.
        FormatError: it is malformed.
    """
    hint = f"expert-cli train --expert {expert} --base {base}"
    return read_adapter(project / layout.TRAIN / f"{expert}-{base}", hint=hint)


def write_adapter(folder: Path, adapter: Adapter, *, base: str) -> None:
    """Write an adapter's two files in PEFT's layout; ``base`` is the name of its base model."""
    (folder / TENSORS).write_bytes(encode_tensors(adapter))
    (folder / ADAPTER_CONFIG).write_bytes(dump_json(encode_config(adapter, base=base)))


def write_osd(folder: Path, data: bytes, *, base: str) -> None:
    """Write an OSD file, and the config of the adapter that it decodes to; ``base`` is the name of its base model.

    Raises:
        FormatError: the file's header is malformed, or its adapter has no low rank.
    """
    adapter = carriers.hollow(carriers.read_header(memoryview(data)))
    (folder / OSD).write_bytes(data)
    (folder / ADAPTER_CONFIG).write_bytes(dump_json(encode_config(adapter, base=base)))
