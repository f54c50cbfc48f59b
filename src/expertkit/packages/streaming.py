"""The adapter in a container, layer by layer: each is hashed, decoded and looked at before anybody gets it.

A unit is what is made ready as a whole: a section with the tensors of one layer, or a group of an OSD file, which holds
a few layers. Units that were decoded are kept as far as a budget goes, the last used ones longest; those that are
stored as they are in a mapped file cost nothing. Several threads may ask at the same time, and hashing and decoding run
beside each other.
"""

from __future__ import annotations

import itertools
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from expertkit.adapters import layers, tensors
from expertkit.adapters.tensors import Stored
from expertkit.containers import codecs, kinds, toc
from expertkit.containers.reader import Container
from expertkit.containers.toc import Entry
from expertkit.errors import FormatError
from expertkit.packages.groups import Groups
from expertkit.packages.names import OSD, TENSORS

BUDGET = 64 << 20
"""Bytes of decoded layers that are kept."""

Tensors = Mapping[str, Stored]
"""Those of a layer, by name."""
Check = Callable[[Tensors], None]


def accept(_tensors: Tensors) -> None:
    """Any tensors are right."""


class Units(Protocol):
    """What the layers of an adapter come from."""

    layers: Mapping[int | None, int]
    """The unit that each layer is in, in the order in which a model runs through them."""

    def cost(self, unit: int) -> int:
        """Bytes that a unit takes once it is ready."""

    def room(self, unit: int) -> int:
        """Bytes that a unit is decoded to, 0 where it is not."""

    def load(self, unit: int, *, into: memoryview | None = None) -> Mapping[int | None, Tensors]:
        """The tensors of each layer in a unit.

        Args:
            unit: its number.
            into: as many bytes as it is decoded to, if not new ones.

        Raises:
            IntegrityError, FormatError: it is not sound, or holds a number that is not finite.
        """


class Layers:
    """The layers of a container's adapter; those of no layer come last, as layer None."""

    def __init__(
        self, container: Container, *, budget: int = BUDGET, threads: int | None = None, check: Check = accept
    ) -> None:
        """Read nothing yet.

        Args:
            container: what they lie in.
            budget: bytes of decoded layers to keep.
            threads: that hash and decode; as many as processors if None.
            check: what the tensors of each layer have to pass, such as ``fitting``.
        """
        self._container, self._budget, self._check = container, budget, check
        self._pool = ThreadPoolExecutor(threads or os.cpu_count())
        self._lock = Lock()
        self._is_closed = False
        self._kept: OrderedDict[int, Future[Mapping[int | None, Tensors]]] = OrderedDict()

    @property
    def order(self) -> tuple[int | None, ...]:
        """The layers in the order in which a model runs through them.

        Raises:
            IntegrityError, FormatError: the header of an OSD file, which says it, is not sound.
        """
        return tuple(self._units.layers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_closed = True
        self._pool.shutdown(cancel_futures=True)

    def __getitem__(self, layer: int | None) -> Tensors:
        """The tensors of a layer.

        Raises:
            KeyError: there is no such layer.
            ValueError: the block that it was opened for is over.
            IntegrityError, FormatError: it is not sound.
            CompatibilityError: it does not pass the check.
        """
        unit, future = self._ask(layer)
        try:
            return future.result()[layer]
        except BaseException:
            with self._lock:
                if self._kept.get(unit) is future:
                    del self._kept[unit]
            raise

    def prefetch(self, *wanted: int | None) -> None:
        """Begin to make these layers ready, which will be asked for, as far as the budget goes for all of them."""
        units: set[int] = set()
        for layer in wanted:
            units.add(self._units.layers[layer])
            if sum(map(self._units.cost, units)) > self._budget:  # one more would push out the first
                return
            self._ask(layer)

    def in_order(self, *, ahead: int = 2) -> Iterator[tuple[int | None, Tensors]]:
        """Every layer in the order of the model, while the next ones are made ready."""
        order = self.order
        for at, layer in enumerate(order):
            self.prefetch(*order[at : at + 1 + ahead])
            yield layer, self[layer]

    def load(self) -> dict[str, Stored]:
        """All tensors by name, hashed and decoded side by side; they stay in memory."""
        units = sorted({*self._units.layers.values()})
        rooms = [self._units.room(unit) for unit in units]
        ends = [*itertools.accumulate(rooms)]
        # One large piece of memory, which the system gives in large pages: many small ones cost more than decoding.
        whole = np.empty(sum(rooms), np.uint8).data
        asked = [whole[end - room : end] if room else None for room, end in zip(rooms, ends, strict=True)]
        found = self._pool.map(self._load, units, asked)
        return {name: tensor for each in found for layer in each.values() for name, tensor in layer.items()}

    @cached_property
    def _units(self) -> Units:
        return _find_units(self._container)

    def _load(self, unit: int, into: memoryview | None = None) -> Mapping[int | None, Tensors]:
        found = self._units.load(unit, into=into)
        for each in found.values():
            self._check(each)
        return found

    def _ask(self, layer: int | None) -> tuple[int, Future[Mapping[int | None, Tensors]]]:
        """The unit of a layer, and what becomes of it."""
        with self._lock:
            if self._is_closed:
                raise ValueError(f"layer {layer}: expected to be asked for inside of the block, got it after its end")
            unit = self._units.layers[layer]
            if unit not in self._kept:
                self._kept[unit] = self._pool.submit(self._load, unit)
                self._let_go(unit)
            self._kept.move_to_end(unit)
            return unit, self._kept[unit]

    def _let_go(self, newest: int) -> None:
        """Forget the units that nobody has asked for the longest, but never the newest."""
        costs = {unit: self._units.cost(unit) for unit in self._kept}
        total = sum(costs.values())
        for unit, cost in costs.items():
            if total <= self._budget:
                return
            if unit != newest:
                total -= cost
                del self._kept[unit]  # it is not cancelled, as somebody may wait for it


class _Sections:
    """Sections with the tensors of one layer each."""

    def __init__(self, container: Container, entries: Sequence[Entry]) -> None:
        self._container, self._entries = container, entries
        self.layers: Mapping[int | None, int] = {entry.adapter_layer: unit for unit, entry in enumerate(entries)}

    def cost(self, unit: int) -> int:
        return 0 if self.room(unit) == 0 and self._container.source.is_stable else self._entries[unit].raw

    def room(self, unit: int) -> int:
        return 0 if self._entries[unit].codec == codecs.RAW else self._entries[unit].raw

    def load(self, unit: int, *, into: memoryview | None = None) -> Mapping[int | None, Tensors]:
        entry = self._entries[unit]
        return {entry.adapter_layer: load_layer(self._container, entry, into=into)}


def _find_units(container: Container) -> Units:
    """What carries the adapter: sections of its layers, a soft prompt, which is whole, or an OSD file.

    Raises:
        IntegrityError, FormatError: the header of an OSD file is not sound, or there is something else beside it.
    """
    by_name = [((entry.type, entry.name), entry) for entry in container.entries]
    osd = dict(by_name).get((kinds.OSD.number, OSD))
    prompt = (kinds.SOFT_PROMPT.number, TENSORS)
    others = [entry for key, entry in by_name if entry.type == kinds.ADAPTER.number or key == prompt]
    if osd is None:
        return _Sections(container, others)
    if others:
        raise FormatError(f"{osd.describe()}: expected no other adapter beside it, got {others[0].describe()}")
    return Groups(container, osd)


def load_layer(container: Container, entry: Entry, *, into: memoryview | None = None) -> Tensors:
    """The tensors in a section of an adapter.

    Args:
        container: where it lies.
        entry: the section.
        into: ``entry.raw`` bytes to decode to, if not new ones.

    Raises:
        IntegrityError, FormatError: it is not sound, or holds a number that is not finite.
    """
    data = container.read(entry, into=into)
    try:
        is_prompt = entry.type == kinds.SOFT_PROMPT.number
        found = tensors.stored(data) if is_prompt else layers.read_part(data, layer=entry.adapter_layer)
        layers.check_finite(data, found)
    except FormatError as error:
        inside = (error.offset or 0) if entry.codec == codecs.RAW else 0  # what was decoded lies nowhere in the file
        raise FormatError(f"{entry.describe()}: {error}", offset=entry.at + inside) from error
    dtype = next(iter(found.values())).dtype
    if toc.DTYPES[dtype] != entry.dtype:
        raise FormatError(
            f"{entry.describe()}: expected dtype {entry.dtype}, as its entry says, got {dtype}", offset=entry.at
        )
    return found
