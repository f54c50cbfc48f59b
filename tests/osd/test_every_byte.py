"""Cut anywhere, or with any byte changed, a file is refused, or it is the file of another adapter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from expertkit.errors import FormatError
from expertkit.osd import Osd, decode, encode
from expertkit.osd.file import blob, frames
from tests.osd.builders import WAYS, compressed, is_same


def parts(data: bytes) -> tuple[bytes, bytes]:
    """The header as text, and all groups: the rest is how the header is packed."""
    start = blob.read_header(memoryview(data)).start
    size = int.from_bytes(data[12:16], "little")
    return bytes(frames.decompress(memoryview(data)[16:start], size=size)), data[start:]


def changed(data: bytes) -> Iterator[bytes]:
    """The file with every byte turned round, one more, all zeros, and all ones."""
    for at, byte in enumerate(data):
        for value in {byte ^ 255, (byte + 1) % 256, 0, 255} - {byte}:
            yield data[:at] + bytes([value]) + data[at + 1 :]


def accepted(files: Iterator[bytes]) -> Iterator[tuple[bytes, Osd]]:
    """Those that are read; the others are refused with an error of ours."""
    for data in files:
        try:
            yield data, decode(data, threads=1)
        except FormatError:
            continue


@pytest.mark.parametrize("way", WAYS)
def test_every_cut_is_refused(way: str) -> None:
    """Wherever it is."""
    _osd, data = compressed(way)

    assert not [*accepted(data[:end] for end in range(len(data)))]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("more", [b"\0", b"\xff", b"OSDADPT\x01"])
def test_whatever_follows_is_refused(way: str, more: bytes) -> None:
    """A file ends where its last group does."""
    assert not [*accepted(iter([compressed(way)[1] + more]))]


@pytest.mark.parametrize("way", [way for way in WAYS if way != "rdq"])
def test_a_changed_byte_is_refused_or_another_adapter(way: str) -> None:
    """Header and groups of what is read are those that are written of it."""
    _osd, data = compressed(way, has_magnitudes=way == "f16 auto")
    count = 0

    for other, found in accepted(changed(data)):
        count += 1
        assert parts(other) == parts(encode(found))

    assert count > 10


def test_a_changed_byte_of_rdq_is_refused_or_another_adapter() -> None:
    """Whose numbers may have been packed in another way, but which is as sound as any."""
    _osd, data = compressed("rdq", budget=330)
    count = 0

    for _other, found in accepted(changed(data)):
        count += 1
        assert is_same(decode(encode(found), threads=1), found)
        assert all(
            np.isfinite(module.s).all() and module.u.shape[0] == module.rank for module in found.modules.values()
        )

    assert count > 10
