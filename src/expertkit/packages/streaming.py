"""The adapter in a container, layer by layer: each is hashed, decoded and looked at before anybody gets it.

Layers that were decoded are kept as far as a budget goes, the last used ones longest; those that are stored as they are
in a mapped file cost nothing. Several threads may ask at the same time, and hashing and decoding run beside each other.
"""

from __future__ import annotations

import itertools
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from types import TracebackType
from typing import Self

import numpy as np

from expertkit.adapters import layers, tensors
from expertkit.adapters.tensors import Stored
from expertkit.containers import codecs, kinds, toc
from expertkit.containers.reader import Container
from expertkit.containers.toc import Entry
from expertkit.errors import FormatError
from expertkit.packages.names import TENSORS

BUDGET = 64 << 20
"""Bytes of decoded layers that are kept."""

Tensors = Mapping[str, Stored]
"""Those of a layer, by name."""
Check = Callable[[Tensors], None]


def accept(_tensors: Tensors) -> None:
    """Any tensors are right."""


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
        self._entries = {entry.adapter_layer: entry for entry in container.entries if _is_part(entry)}
        self._container, self._budget, self._check = container, budget, check
        self._pool = ThreadPoolExecutor(threads or os.cpu_count())
        self._lock = Lock()
        self._is_closed = False
        self._kept: OrderedDict[int | None, Future[Tensors]] = OrderedDict()

    @property
    def order(self) -> tuple[int | None, ...]:
        """The layers in the order in which a model runs through them."""
        return tuple(self._entries)

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
        future = self._ask(layer)
        try:
            return future.result()
        except BaseException:
            with self._lock:
                if self._kept.get(layer) is future:
                    del self._kept[layer]
            raise

    def prefetch(self, *wanted: int | None) -> None:
        """Begin to make these layers ready, which will be asked for, as far as the budget goes for all of them."""
        left = self._budget
        for layer in wanted:
            left -= self._cost(self._entries[layer])
            if left < 0:  # one more would push out the first
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
        entries = list(self._entries.values())
        ends = [*itertools.accumulate(entry.raw for entry in entries if entry.codec != codecs.RAW)]
        # One large piece of memory, which the system gives in large pages: many small ones cost more than decoding.
        whole = np.empty(ends[-1] if ends else 0, np.uint8).data
        rooms = iter(whole[begin:end] for begin, end in itertools.pairwise([0, *ends]))
        asked = [None if entry.codec == codecs.RAW else next(rooms) for entry in entries]

        def load(entry: Entry, into: memoryview | None) -> Tensors:
            return load_layer(self._container, entry, check=self._check, into=into)

        found = self._pool.map(load, entries, asked)
        return {name: tensor for each in found for name, tensor in each.items()}

    def _ask(self, layer: int | None) -> Future[Tensors]:
        entry = self._entries[layer]
        with self._lock:
            if self._is_closed:
                raise ValueError(f"layer {layer}: expected to be asked for inside of the block, got it after its end")
            if layer not in self._kept:
                self._kept[layer] = self._pool.submit(load_layer, self._container, entry, check=self._check)
                self._let_go(layer)
            self._kept.move_to_end(layer)
            return self._kept[layer]

    def _let_go(self, newest: int | None) -> None:
        """Forget the layers that nobody has asked for the longest, but never the newest."""
        costs = {layer: self._cost(self._entries[layer]) for layer in self._kept}
        total = sum(costs.values())
        for layer, cost in costs.items():
            if total <= self._budget:
                return
            if layer != newest:
                total -= cost
                del self._kept[layer]  # it is not cancelled, as somebody may wait for it

    def _cost(self, entry: Entry) -> int:
        return 0 if entry.codec == codecs.RAW and self._container.source.is_stable else entry.raw


def _is_part(entry: Entry) -> bool:
    """Whether a section holds tensors of the adapter, which may be a soft prompt, whole."""
    return entry.type == kinds.ADAPTER.number or (entry.type, entry.name) == (kinds.SOFT_PROMPT.number, TENSORS)


def load_layer(container: Container, entry: Entry, *, check: Check = accept, into: memoryview | None = None) -> Tensors:
    """The tensors in a section of an adapter.

    Args:
        container: where it lies.
        entry: the section.
        check: what the tensors have to pass.
        into: ``entry.raw`` bytes to decode to, if not new ones.

    Raises:
        IntegrityError, FormatError: it is not sound, or holds a number that is not finite.
        CompatibilityError: it does not pass the check.
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
    check(found)
    return found
