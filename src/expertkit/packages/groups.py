"""The layers of an OSD file in a container: a group of them is decoded as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from expertkit.adapters.layers import layer_of
from expertkit.adapters.tensors import Stored
from expertkit.containers.reader import Container
from expertkit.containers.toc import Entry
from expertkit.errors import FormatError
from expertkit.packages import carriers


class Groups:
    """The groups of a section, whose header was checked; its stored bytes are hashed once and kept."""

    def __init__(self, container: Container, entry: Entry) -> None:
        """Read the header.

        Raises:
            IntegrityError, FormatError: the section is not sound, or its header is not.
        """
        self._entry = entry
        self._data = container.read(entry)
        with self._naming():
            self._header = carriers.read_header(self._data)
        count = len(self._header.sizes)
        self.layers: Mapping[int | None, int] = {
            layer_of(module): unit for unit in range(count) for module in self._header.group(unit)[1]
        }
        self._costs = [0] * count
        for name, shape in carriers.shapes(self._header).items():
            self._costs[self.layers[layer_of(name)]] += carriers.size_of(shape)

    def cost(self, unit: int) -> int:
        """Bytes of the tensors in a group."""
        return self._costs[unit]

    def room(self, unit: int) -> int:
        """Bytes that a group is decoded to."""
        return self._costs[unit]

    def load(self, unit: int, *, into: memoryview | None = None) -> Mapping[int | None, Mapping[str, Stored]]:
        """The tensors of each layer in a group, sorted by name.

        Raises:
            FormatError: it is not sound, or holds a number that is not finite.
        """
        with self._naming():
            named = carriers.read_group(self._data, self._header, unit)
        room = np.empty(self._costs[unit], np.uint8).data if into is None else into
        found: dict[int | None, dict[str, Stored]] = {layer: {} for layer, at in self.layers.items() if at == unit}
        at = 0
        for name, values in sorted(named.items()):
            data = room[at : at + values.nbytes]
            np.frombuffer(data, "<f4").reshape(values.shape)[...] = values
            found[layer_of(name)][name] = Stored(
                name=name, shape=values.shape, dtype="float32", data=data.toreadonly()
            )  # fmt: skip
            at += values.nbytes
        return found

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Let an error about what is in the section say which that is."""
        try:
            yield
        except FormatError as error:
            message = f"{self._entry.describe()}: {error}"
            raise FormatError(message, offset=self._entry.at, hint=error.hint) from error
