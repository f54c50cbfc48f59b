"""Ways to read one expert: out of its containers, out of its archive, and as the safetensors library reads its adapter.

Each gives what it came by, checked as far as it checks. Nothing is timed here.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from benchmarks.cold import Way
from benchmarks.experts import Expert
from expertkit.adapters.tensors import Stored, stored
from expertkit.containers import kinds
from expertkit.containers.settings import Codec
from expertkit.packages.names import TENSORS
from expertkit.packages.reading.forms import read_members, scan
from expertkit.packages.reading.tensors import Tensors
from expertkit.packages.streaming import Layers
from expertkit.packages.vouching.verify import verify

OPEN, FIRST, FIRST_AUTO = "opened, raw", "first layer, raw", "first layer, auto"
LAYERS, LAYERS_ALONE, LAYERS_AUTO = "all layers, raw", "all layers, raw, one thread", "all layers, auto"
LIBRARY = "load_file and SHA-256"
ALL, ALL_AUTO = "all sections, raw", "all sections, auto"
ARCHIVE, ARCHIVE_ONCE = "tar.gz", "tar.gz in one pass"
OURS, THEIRS = "to a device, raw", "load_file to a device"

_PAGE = 4096


def ways(expert: Expert) -> dict[str, Way]:
    """All but those to a device, by name."""
    raw, auto = expert.path("raw"), expert.path("auto")
    return {
        OPEN: Way(file=raw, work=partial(expert.open, "raw")),
        FIRST: Way(file=raw, work=partial(read_first, expert, "raw")),
        FIRST_AUTO: Way(file=auto, work=partial(read_first, expert, "auto")),
        LAYERS: Way(file=raw, work=lambda: _touched(read_layers(expert, "raw"))),
        LAYERS_ALONE: Way(file=raw, work=lambda: _touched(read_layers(expert, "raw", threads=1))),
        LAYERS_AUTO: Way(file=auto, work=lambda: _touched(read_layers(expert, "auto"))),
        LIBRARY: Way(file=expert.adapter, work=partial(read_library, expert)),
        ALL: Way(file=raw, work=partial(read_all, expert, "raw")),
        ALL_AUTO: Way(file=auto, work=partial(read_all, expert, "auto")),
        ARCHIVE: Way(file=expert.archive, work=partial(read_archive, expert)),
        ARCHIVE_ONCE: Way(file=expert.archive, work=partial(read_archive_once, expert)),
    }


def ways_to(device: str, expert: Expert) -> dict[str, Way]:
    """From a container, and as the library does it, which checks nothing."""
    return {
        OURS: Way(file=expert.path("raw"), work=partial(read_to, device, expert)),
        THEIRS: Way(file=expert.adapter, work=lambda: _finished(load_file(expert.adapter, device=device))),
    }


def read_first(expert: Expert, codec: Codec) -> Mapping[str, Stored]:
    """The first layer of a container."""
    with Layers(expert.open(codec)) as layers:
        return layers[layers.order[0]]


def read_layers(expert: Expert, codec: Codec, *, threads: int | None = None) -> dict[str, Stored]:
    """Every layer of a container."""
    with Layers(expert.open(codec), threads=threads) as layers:
        return layers.load()


def read_all(expert: Expert, codec: Codec) -> tuple[list[memoryview], dict[str, Stored]]:
    """Every section of a container."""
    container = expert.open(codec)
    rest = [container.read(entry) for entry in container.entries if entry.type != kinds.ADAPTER.number]
    with Layers(container) as layers:
        return rest, layers.load()


def read_archive(expert: Expert) -> dict[str, Stored]:
    """As the project reads an archive: once for everything that is checked, once for the adapter."""
    checked = verify(expert.archive, verifier=expert.verifier)
    return stored(read_members(expert.archive, checked.contents, names={TENSORS})[TENSORS])


def read_archive_once(expert: Expert) -> dict[str, Stored]:
    """The least it takes to hash all members and look at every number; nobody asks who vouches for them."""
    largest = len(expert.members[TENSORS])
    found = scan(expert.archive, form="archive", keep={TENSORS}, watch=Tensors(), largest_kept=largest)
    return stored(found.kept[TENSORS])


def read_library(expert: Expert) -> object:
    """The library maps the file, and has read no number yet when it gives the tensors."""
    loaded = load_file(expert.adapter)
    with expert.adapter.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return loaded, digest, _touch(tensor.view(torch.uint8).numpy().reshape(-1) for tensor in loaded.values())


def read_to(device: str, expert: Expert) -> dict[str, torch.Tensor]:
    """Every layer of the raw container, then tensor by tensor to a device."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch says that nobody may write to these bytes; nobody does
        return _finished({
            name: torch.frombuffer(tensor.data, dtype=torch.bfloat16).reshape(tensor.shape).to(device)
            for name, tensor in read_layers(expert, "raw").items()
        })  # fmt: skip


def _finished(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return tensors


def _touched(loaded: Mapping[str, Stored]) -> object:
    return loaded, _touch(np.frombuffer(tensor.data, np.uint8) for tensor in loaded.values())


def _touch(loaded: Iterable[Any]) -> int:
    """Use a byte of each page, so that nobody is faster for having put the reading off."""
    return sum(int(data[::_PAGE].sum()) for data in loaded)
