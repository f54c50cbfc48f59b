"""A revoked serial number is found in one bucket, and a changed file is noticed there."""

from __future__ import annotations

import mmap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import IntegrityError
from expertkit.signing.certificates.index import Index, build, head_digest
from expertkit.signing.certificates.reading import MAX_SERIAL

HEAD_SIZE = 16 + 256 * 44
ROW_SIZE = 28
START = datetime(2027, 1, 1, tzinfo=UTC)

serials = st.integers(1, MAX_SERIAL)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


def many(count: int) -> dict[int, datetime]:
    """Random serial numbers, the same each time."""
    random = Random(count)
    return {random.randrange(1, MAX_SERIAL): START + timedelta(seconds=place) for place in range(count)}


@given(st.dictionaries(serials, moments, max_size=60), serials)
def test_what_was_built_in_is_found_and_nothing_else(entries: dict[int, datetime], other: int) -> None:
    """The index and the mapping it was built from agree."""
    data = build(entries)
    index = Index(data, digest=head_digest(data))

    assert {serial: index.find(serial) for serial in entries} == entries
    assert index.find(other) == entries.get(other)
    assert len(index) == len(entries)
    assert len(data) == HEAD_SIZE + ROW_SIZE * len(entries)


def test_the_order_of_the_entries_does_not_change_the_bytes() -> None:
    """The same set gives the same file, and so the same digest."""
    entries = many(500)

    assert build(entries) == build(dict(sorted(entries.items())))


def test_every_flipped_bit_of_the_bucket_that_is_read_is_noticed() -> None:
    """Offset, count, digest and rows: no change gives another answer."""
    entries = many(600)
    serial = next(iter(entries))
    data = build(entries)
    digest = head_digest(data)
    bucket = bucket_of(data, serial)

    for place in bucket:
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            with pytest.raises(IntegrityError, match="bucket"):
                Index(bytes(changed), digest=digest).find(serial)
    assert len(bucket) >= ROW_SIZE


def test_every_changed_byte_of_the_head_is_noticed_at_once() -> None:
    """Whoever kept the digest of the head does not take another."""
    data = build(many(3))
    digest = head_digest(data)

    for place in range(HEAD_SIZE):
        changed = bytearray(data)
        changed[place] ^= 0x40
        with pytest.raises(IntegrityError, match="head"):
            Index(bytes(changed), digest=digest)


def test_a_shorter_file_is_noticed() -> None:
    """Without its rows, within its head and empty."""
    entries = many(3)
    data = build(entries)

    for end in (0, 8, HEAD_SIZE - 1):
        with pytest.raises(IntegrityError):
            Index(data[:end], digest=head_digest(data[:end]))
    last = max(entries, key=lambda serial: bucket_of(data, serial).stop)
    with pytest.raises(IntegrityError):
        Index(data[:-1], digest=head_digest(data)).find(last)


def test_another_bucket_that_was_changed_is_not_read() -> None:
    """A search pays for one bucket; the others are judged when they are needed."""
    entries = many(600)
    data = build(entries)
    first, other = list(entries)[:2]
    changed = bytearray(data)
    changed[bucket_of(data, other).start] ^= 1
    index = Index(bytes(changed), digest=head_digest(data))

    assert index.find(first) == entries[first]
    with pytest.raises(IntegrityError):
        index.find(other)


def test_one_of_a_hundred_thousand_is_found_at_once(tmp_path: Path) -> None:
    """From a mapped file, the head's check included, in far less than five milliseconds."""
    entries = many(100_000)
    data = build(entries)
    (tmp_path / "index").write_bytes(data)
    digest = head_digest(data)
    wanted = list(entries)[:20]
    durations = []

    with (tmp_path / "index").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        for serial in wanted:
            begin = time.perf_counter()
            found = Index(mapped, digest=digest).find(serial)
            durations.append(time.perf_counter() - begin)
            assert found == entries[serial]

    assert sorted(durations)[len(durations) // 2] < 0.005


def bucket_of(data: bytes, serial: int) -> range:
    """Where the rows of a serial number's bucket are, read off the table in the description of the format."""
    from hashlib import sha256

    number = sha256(serial.to_bytes(20, "big")).digest()[0]
    entry = data[16 + 44 * number :]
    offset, count = int.from_bytes(entry[:8], "big"), int.from_bytes(entry[8:12], "big")
    return range(offset, offset + ROW_SIZE * count)
