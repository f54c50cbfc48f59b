"""The gzip layer of a package: one member, a fixed header, nothing after it, no size believed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import IO, Literal

from expertkit.errors import FormatError

MAGIC = b"\x1f\x8b"
"""What all gzip data begins with."""

HEADER = MAGIC + b"\x08\x00" + bytes(4) + b"\x02\xff"
"""Deflate, no flags, no time, slowest compression, no operating system."""

Form = Literal["archive", "legacy"]
"""Ours, byte for byte, or what other programs wrote."""

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much an archive may make us do."""

    package: int = 2 << 30
    """Compressed bytes."""
    total: int = 4 << 30
    """Bytes after decompression."""
    member: int = 1 << 30
    """Bytes of one member."""
    members: int = 4096
    """Number of members."""
    ratio: int = 200
    """Bytes out per byte in, once ``free`` are out."""
    free: int = 16 << 20
    """Bytes before the ratio is looked at: small archives are mostly padding."""


class Deflater:
    """Writes one gzip member to a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc = 0
        self._size = 0
        self._written = 0
        file.write(HEADER)

    def write(self, data: bytes | memoryview) -> None:
        """Add ``data``."""
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._written += self._file.write(self._deflate.compress(data))

    def packed(self) -> int:
        """Bytes that what was added so far takes, compressed."""
        return self._written + len(self._deflate.copy().flush())

    def end(self) -> None:
        """Finish the member."""
        trailer = self._crc.to_bytes(4, "little") + (self._size % 2**32).to_bytes(4, "little")
        self._file.write(self._deflate.flush() + trailer)


class Inflater:
    """Reads exact amounts from a file that is one gzip member and nothing else."""

    def __init__(self, file: IO[bytes], *, limits: Limits, form: Form) -> None:
        self._file = file
        self._limits = limits
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._ready = b""
        self._taken = 0
        self._given = 0
        start = self._read(len(HEADER))
        if not start:
            raise FormatError("archive: expected gzip data, got an empty file", offset=0)
        if form == "archive" and start != HEADER:
            raise FormatError("archive: expected the fixed gzip header, got other bytes", offset=0)
        self._fill(start)

    @property
    def offset(self) -> int:
        """Bytes handed out so far."""
        return self._given - len(self._ready)

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes.

        Raises:
            FormatError: there are fewer, the data is damaged, or a limit is passed.
        """
        parts = []
        while size:
            if not self._ready and not self._more():
                raise FormatError("archive: expected more bytes, got its end", offset=self.offset)
            part, self._ready = self._ready[:size], self._ready[size:]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def is_at_end(self) -> bool:
        """Whether everything was read."""
        return not self._ready and not self._more()

    def end(self) -> None:
        """Return if everything was read and nothing follows.

        Raises:
            FormatError: there is more, inside the gzip member or after it.
        """
        if not self.is_at_end():
            raise FormatError("archive: expected its end, got more bytes", offset=self.offset)
        if self._inflate.unused_data or self._file.read(1):
            raise FormatError("archive: expected nothing after the gzip member, got more bytes", offset=self._taken)

    def _more(self) -> bool:
        """Decompress until there is something to hand out; False at a sound end."""
        while not self._ready and not self._inflate.eof:
            data = self._inflate.unconsumed_tail or self._read(_CHUNK)
            before = self._given
            self._fill(data)
            if not data and self._given == before and not self._inflate.eof:
                raise FormatError("archive: expected a whole gzip member, got part of one", offset=self._taken)
        return bool(self._ready)

    def _fill(self, data: bytes) -> None:
        try:
            self._ready = self._inflate.decompress(data, _CHUNK)
        except zlib.error as error:
            raise FormatError("archive: expected sound gzip data, got damaged data", offset=self._taken) from error
        self._given += len(self._ready)
        if self._given > min(self._limits.total, max(self._limits.free, self._taken * self._limits.ratio)):
            raise FormatError(f"archive: expected less data, got over {self._given} bytes from {self._taken}")

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._taken += len(data)
        if self._taken > self._limits.package:
            raise FormatError(f"archive: expected at most {self._limits.package} bytes, got more")
        return data
