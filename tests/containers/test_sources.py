"""Bytes in memory, mapped files, and files that others may change."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

from expertkit.containers import limits, sources
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.errors import FormatError, IntegrityError
from tests.containers.broken import BASE
from tests.containers.builders import GRAMMAR, adapter, parts, second, small


def test_a_raw_section_is_a_view_of_the_file() -> None:
    """No byte of it is copied, and what its source is made of is what it is made of."""
    data = small(options=Options(codec="raw"))
    container = Container(Held(data))

    for entry in container.entries:
        found = np.frombuffer(container.read(entry), np.uint8)
        assert not len(found) or np.shares_memory(found, np.frombuffer(data, np.uint8))
        assert container.read(entry).readonly


def test_a_mapped_file_is_not_copied_either(tmp_path: Path) -> None:
    """Two views of a section are the same memory."""
    (tmp_path / "a").write_bytes(small(options=Options(codec="raw")))
    container = Container(sources.mapped(tmp_path / "a"))
    first = container.entries[0]

    one, other = (np.frombuffer(container.read(first), np.uint8) for _ in range(2))

    assert np.shares_memory(one, other)
    assert bytes(one) == parts(adapter())[0]


def test_a_file_that_others_may_change_is_hashed_each_time(tmp_path: Path) -> None:
    """A section that was sound when it was read is refused once its bytes are others."""
    (tmp_path / "a").write_bytes(small())
    with sources.read(tmp_path / "a") as source:
        container = Container(source)
        entry = container.entries[3]
        before = bytes(container.read(entry))
        with (tmp_path / "a").open("r+b") as file:
            file.seek(entry.end - 1)
            file.write(b"\xff")

        with pytest.raises(IntegrityError, match="section 4") as refusal:
            container.read(entry)
        assert bytes(container.read(container.entries[0])) == parts(adapter())[0]

    assert before == GRAMMAR
    assert refusal.value.offset == entry.at


def test_a_file_that_is_cut_while_it_is_open_is_refused(tmp_path: Path) -> None:
    """With the place where it ends now."""
    (tmp_path / "a").write_bytes(small())
    with sources.read(tmp_path / "a") as source:
        container = Container(source)
        with (tmp_path / "a").open("r+b") as file:
            file.truncate(container.entries[5].at + 1)

        with pytest.raises(FormatError, match="cut") as refusal:
            container.read(container.entries[5])

    assert refusal.value.offset == container.entries[5].at + 1


def test_memory_is_hashed_once() -> None:
    """Bytes that nobody changes are compared with their digest at the first use alone."""
    data = bytearray(small())
    container = Container(Held(data))
    entry = container.entries[5]

    before = bytes(container.read(entry))
    data[entry.at] ^= 1

    assert bytes(container.read(entry)) != before


@pytest.mark.parametrize("words", [0, 1], ids=["an empty file", "one of another kind"])
def test_a_file_that_is_none_is_refused_by_its_first_bytes(tmp_path: Path, words: int) -> None:
    """However it is read."""
    (tmp_path / "a").write_bytes(b"another kind of file" * words)

    with pytest.raises(FormatError, match="expected a container") as mapped:
        Container(sources.mapped(tmp_path / "a"))
    with sources.read(tmp_path / "a") as source, pytest.raises(FormatError, match="expected a container") as read:
        Container(source)

    assert (mapped.value.offset, read.value.offset) == (0, 0)


def test_a_file_over_4_gib_is_refused_by_its_size(tmp_path: Path) -> None:
    """However it is read, before a byte of it is; the size itself is allowed."""
    path = tmp_path / "a"
    path.write_bytes(BASE)
    refusals = []
    with path.open("r+b") as file:
        file.truncate(limits.FILE)
        with sources.read(path) as source, pytest.raises(FormatError, match="a file of"):
            Container(source)
        file.truncate(limits.FILE + 1)
        with pytest.raises(FormatError, match="at most") as refusal:
            sources.mapped(path)
        refusals.append(refusal.value.offset)
        with pytest.raises(FormatError, match="at most") as refusal, sources.read(path):
            pass
        refusals.append(refusal.value.offset)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            assert second(data) is None  # type: ignore[arg-type]

    assert refusals == [limits.FILE, limits.FILE]
