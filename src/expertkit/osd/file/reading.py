"""Bytes that are taken from the front, never more than there are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.errors import FormatError


class Reader:
    """What is left of some bytes; whatever it does raises FormatError where there are too few, or too many."""

    def __init__(self, data: memoryview, *, file: str = "osd") -> None:
        """Begin at the front.

        Args:
            data: the bytes.
            file: what they are called in messages.
        """
        self._data, self._file = data, file

    @property
    def left(self) -> memoryview:
        """What was not taken yet."""
        return self._data

    def take(self, size: int) -> memoryview:
        """The next ``size`` bytes."""
        if size > len(self._data):
            raise FormatError(f"{self._file}: expected {size} bytes more, got {len(self._data)}")
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def numbers(self, shape: int | tuple[int, ...], kind: str | np.dtype[Any]) -> NDArray[Any]:
        """The next numbers of a numpy kind, such as ``<f2``."""
        dtype = np.dtype(kind)
        return np.frombuffer(self.take(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)

    def floats(self, count: int) -> NDArray[np.float32]:
        """The next float32 numbers, all of which have to be finite."""
        return finite(self.numbers(count, "<f4").astype(np.float32))

    def end(self) -> None:
        """Return if nothing is left."""
        if len(self._data):
            raise FormatError(f"{self._file}: expected the end, got {len(self._data)} bytes more")


def finite(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same numbers.

    Raises:
        FormatError: one of them is not finite.
    """
    if not np.isfinite(numbers).all():
        raise FormatError("osd: expected finite numbers, got others")
    return numbers
