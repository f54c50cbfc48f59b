"""What was written into a container is read back, and equal contents are equal bytes."""

from __future__ import annotations

from itertools import product
from typing import get_args

import numpy as np
import pytest

from expertkit.adapters.dtypes import DTYPES, DType
from expertkit.containers.codecs import planes
from expertkit.containers.reader import Container
from expertkit.containers.settings import Codec
from expertkit.containers.sources import Held
from expertkit.containers.toc import ALIGNMENTS
from expertkit.containers.writer import Draft, Options
from tests.containers.builders import (
    METADATA,
    adapter,
    drafts,
    everything,
    second,
    sections_of,
    signed,
    stored_as,
    written,
)
from tests.containers.second_reader import member


def raw_bytes(sections: list[Draft]) -> list[bytes]:
    """What was put in, in the order in which it is written."""
    ordered = sorted(sections, key=lambda each: (each.kind.number, each.layer, each.name))
    return [b"".join(each.chunks()) for each in ordered]


@pytest.mark.parametrize(("codec", "dtype"), list(product(get_args(Codec), DTYPES)))
def test_what_was_written_is_read_back(codec: Codec, dtype: DType) -> None:
    """Each codec gives every byte of every section back, and the second reader sees the same."""
    sections = drafts(dtype)

    data = signed(written(sections, options=Options(codec=codec)))
    container = Container(Held(data))

    assert [bytes(container.read(entry)) for entry in container.entries] == raw_bytes(sections)
    assert [b"".join(container.chunks(entry)) for entry in container.entries] == raw_bytes(sections)
    assert container.metadata == METADATA
    found = second(data)
    assert found is not None
    assert sections_of(found) == everything(Held(data))
    assert (found.root.hex(), member(found)) == (container.root, adapter(dtype))


@pytest.mark.parametrize("alignment", ALIGNMENTS)
def test_sections_begin_where_they_are_wanted(alignment: int) -> None:
    """Those with tensors at multiples of 256 bytes at least."""
    container = Container(Held(written(drafts(), options=Options(alignment=alignment))))

    wanted = [max(alignment, 256) if entry.dtype else alignment for entry in container.entries]

    assert [entry.alignment for entry in container.entries] == wanted
    assert not any(entry.at % entry.alignment for entry in container.entries)


@pytest.mark.parametrize("level", [1, 3, 19])
@pytest.mark.parametrize("size", [1, 255, 256, 65_791, 65_792, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_frames_of_every_size_are_read_back(size: int, level: int) -> None:
    """At the edges of the widths of a content size, and of the pieces that a frame is read in."""
    data = (b"%07d\n" * (size // 8 + 1) % tuple(range(size // 8 + 1)))[:size]

    assert stored_as(data, options=Options(codec="zstd", level=level)) == "zstd"


@pytest.mark.parametrize("words", [1, 2, planes.BLOCK // 2 - 1, planes.BLOCK // 2, planes.BLOCK // 2 + 1])
def test_planes_of_every_size_are_read_back(words: int) -> None:
    """One block, a full one, and one word more."""
    data = np.random.default_rng(1).integers(0, 1 << 16, words).astype("<u2").tobytes()

    assert stored_as(data, dtype="bfloat16", options=Options(codec="planes")) == "planes"


def test_planes_are_exact_for_every_word() -> None:
    """All 65,536 of them, numbers or not, come back, and stand in the planes where the specification has them."""
    words = np.arange(1 << 16, dtype="<u2")

    apart = b"".join(planes.split([words.tobytes()]))

    turned = [(word << 1 | word >> 15) & 0xFFFF for word in range(1 << 16)]
    assert apart == bytes(r >> 8 for r in turned) + bytes(r & 0xFF for r in turned)
    assert b"".join(planes.join([memoryview(apart)])) == words.tobytes()


def test_planes_are_the_same_however_the_bytes_come() -> None:
    """Pieces of odd sizes give the blocks that one piece gives."""
    data = np.random.default_rng(1).bytes(2 * planes.BLOCK + 10)

    at_once = b"".join(planes.split([data]))

    for piece in (9_999, planes.BLOCK - 1, planes.BLOCK, planes.BLOCK + 1):
        assert b"".join(planes.split(data[at : at + piece] for at in range(0, len(data), piece))) == at_once


def test_equal_input_gives_equal_bytes() -> None:
    """In whatever order the sections come."""
    sections = drafts()

    assert written(sections) == written(drafts())
    assert written(sections) == written(reversed(sections))
