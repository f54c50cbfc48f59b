"""A file of an OSD adapter is read as it was written, by groups too; what lies about itself is refused in time."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from expertkit.errors import FormatError, PackagingError
from expertkit.files import canonical_json
from expertkit.osd import Module, Osd, Settings, decode, encode
from expertkit.osd.file import blob, frames, indices, values
from tests.osd.builders import WAYS, compressed, is_same
from tests.osd.forging import CONTENT, GROUP, file_of, forged

Change = Callable[[dict[str, Any]], object]


def module(out: int = 3, width: int = 2, *, rank: int = 1, seed: int = 1) -> Module:
    """Random components that fit float16."""
    rng = np.random.default_rng(seed)
    u, v = (rng.integers(1, 9, (rank, size)).astype(np.float32) for size in (out, width))
    return Module(u=u, s=np.ones(rank, np.float32), v=v)


def large(name: str) -> tuple[str, Module]:
    """A module that is half a group."""
    return name, module(1 << 17, 1 << 17, rank=1)


def test_the_forged_file_is_one_that_is_read() -> None:
    """Or nothing would follow from what is done to it."""
    osd = decode(forged())

    assert osd.modules["layers.0.a"].update(1.0).tolist() == [[1, 1], [1, 1]]
    assert encode(osd) == forged()


def test_groups_are_whole_layers_in_their_order() -> None:
    """As many as make half a million numbers; modules of no layer come last."""
    names = ["head", "layers.2.a", "layers.10.a", "layers.10.b", "layers.0.a"]
    osd = Osd(modules=dict(map(large, names)), settings=Settings(rank=1))

    header = blob.read_header(memoryview(encode(osd)))

    groups_ = [[*header.group(number)[1]] for number in range(len(header.sizes))]
    assert groups_ == [["layers.0.a", "layers.2.a"], ["layers.10.a", "layers.10.b"], ["head"]]
    assert [*decode(encode(osd)).modules] == sorted(names)


@pytest.mark.parametrize("codec", ["f16", "rdq"])
def test_a_group_is_read_without_the_others(codec: Any) -> None:
    """So the first layers are ready before the last ones are there."""
    osd = Osd(
        modules=dict(map(large, ["layers.0.a", "layers.0.b", "layers.1.a"])), settings=Settings(rank=1, codec=codec)
    )
    data = encode(osd)
    header = blob.read_header(memoryview(data))
    begin = header.group(0)[0].stop

    found = blob.read_group(memoryview(bytes(begin) + data[begin:]), header, 1)

    assert [*found] == ["layers.1.a"]
    assert np.array_equal(found["layers.1.a"].u, osd.modules["layers.1.a"].u)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_any_number_of_threads_reads_the_same(threads: int) -> None:
    """Groups do not meet."""
    osd = Osd(modules=dict(map(large, ["layers.0.a", "layers.1.a", "layers.2.a"])), settings=Settings(rank=1))

    assert is_same(decode(encode(osd), threads=threads), osd)


def test_equal_adapters_give_equal_bytes() -> None:
    """Whatever the order of their modules."""
    modules = {"layers.1.b": module(seed=1), "layers.0.a": module(seed=2)}
    osd = Osd(modules=modules, settings=Settings(rank=1))

    assert encode(osd) == encode(replace(osd, modules=dict(reversed(modules.items()))))


def test_the_size_is_that_of_the_file() -> None:
    """Without anything being refused."""
    for way in WAYS:
        osd, data = compressed(way)
        assert blob.size(osd) == len(data)


@pytest.mark.parametrize("way", [way for way in WAYS if WAYS[way].codec != "rdq" and not WAYS[way].keeps_whole])
def test_law_9_a_group_has_the_bytes_of_the_formula(way: str) -> None:
    """S, the forms of the indices, the indices and the numbers of both factors, and the magnitudes."""
    osd, data = compressed(way, has_magnitudes=True)

    wanted = 0
    for each in osd.modules.values():
        wanted += 4 * each.rank + 4 * each.shape[0]
        for factor in (each.u, each.v):
            kept = factor != 0
            form = indices.choose(kept, osd.settings.indices)
            wanted += 1 + indices.bits(kept, form) // 8 + values.size(int(kept.sum()), osd.settings.codec)

    assert sum(blob.read_header(memoryview(data)).sizes) == wanted


def changed(**changes: Any) -> Osd:
    """An adapter of one module with other arrays."""
    return Osd(modules={"m": replace(module(), **changes)}, settings=Settings(rank=1))


@pytest.mark.parametrize(
    "osd",
    [
        changed(s=np.array([np.nan], np.float32)),
        changed(u=np.full((1, 3), np.inf, np.float32)),
        changed(u=np.full((1, 3), 1e-9, np.float32)),
        changed(magnitude=np.full(3, np.inf, np.float32)),
        replace(changed(u=np.full((1, 3), 0.5, np.float32)), settings=Settings(rank=1, codec="rdq")),
        replace(changed(u=np.full((1, 3), 40_000.0, np.float32)), settings=Settings(rank=1, codec="rdq")),
        replace(changed(u=np.full((1, 3), np.nan, np.float32)), settings=Settings(rank=1, codec="rdq")),
        replace(changed(), modules={"a": module(), "b": replace(module(), magnitude=np.ones(3, np.float32))}),
        Osd(modules={}, settings=Settings(rank=1)),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_written(osd: Osd) -> None:
    """Numbers that are not finite, not rounded or not whole, and adapters that are DoRA in part or nothing at all."""
    with pytest.raises(ValueError, match="expected"):
        encode(osd)


@pytest.mark.parametrize(
    "osd",
    [
        Osd(modules={"m": module(600, 600, rank=600)}, settings=Settings(rank=600, codec="f32", alpha=0.5)),
        Osd(modules={"m": module(3, 3, rank=2)}, settings=Settings(rank=1)),
        Osd(modules={"": module()}, settings=Settings(rank=1)),
        Osd(modules={"m" * (2 << 20): module()}, settings=Settings(rank=1)),
        Osd(modules=dict.fromkeys(map(str, range(25_001)), module(1, 1, rank=0)), settings=Settings(rank=1)),
    ],
)  # fmt: skip
def test_what_no_reader_believes_is_not_written(osd: Osd) -> None:
    """A rank that no LoRA has, once D and D' are beside each other, or that is above what is said; odd names."""
    with pytest.raises(PackagingError):
        encode(osd)


def settings_of(**changes: Any) -> Change:
    """Other settings."""
    return lambda content: content["settings"].update(changes)


def modules_of(*rows: Any) -> Change:
    """Other modules."""
    return lambda content: content.update(modules=[*rows])


def both(first: Change, second: Change) -> Change:
    """One change after another."""

    def change(content: dict[str, Any]) -> None:
        first(content)
        second(content)

    return change


ROW = CONTENT["modules"][0]
LIES: dict[str, Change] = {
    "another key": lambda content: content.update(more=1),
    "a key is missing": lambda content: content.pop("dora"),
    "dora is a number": lambda content: content.update(dora=0),
    "dora is null": lambda content: content.update(dora=None),
    "settings are a list": lambda content: content.update(settings=[]),
    "settings are null": lambda content: content.update(settings=None),
    "a setting too many": settings_of(more=1),
    "a setting is missing": lambda content: content["settings"].pop("codec"),
    "a share is missing": lambda content: content["settings"].pop("alpha"),
    "rank 0": settings_of(rank=0),
    "rank true": settings_of(rank=True),
    "a rank of 1.5": settings_of(rank=1.5),
    "rank as text": settings_of(rank="1"),
    "a rank below a module's": lambda content: content.update(modules=[["layers.0.a", 2, 2, 2]]),
    "alpha true": settings_of(alpha=True),
    "alpha as text": settings_of(alpha="1"),
    "alpha above 1": settings_of(alpha=2),
    "alpha below 0": settings_of(alpha=-0.5),
    "density null": settings_of(density=None),
    "density a list": settings_of(density=[]),
    "an unknown codec": settings_of(codec="f8"),
    "codec a list": settings_of(codec=[]),
    "codec an object": settings_of(codec={}),
    "unknown indices": settings_of(indices="dense"),
    "an unknown score": settings_of(score="best"),
    "an unknown space": settings_of(space="outer"),
    "rdq in delta space": settings_of(codec="rdq", space="delta"),
    "rdq with an alpha": settings_of(codec="rdq", alpha=0.5),
    "modules are an object": lambda content: content.update(modules={}),
    "modules are null": lambda content: content.update(modules=None),
    "no module": modules_of(),
    "a module of three values": modules_of(["layers.0.a", 2, 2]),
    "a module as text": modules_of("abcd"),
    "a module as an object": modules_of({"a": 1, "b": 2, "c": 2, "d": 1}),
    "a module is null": modules_of(None),
    "a name is a number": modules_of([1, 2, 2, 1]),
    "a name is empty": modules_of(["", 2, 2, 1]),
    "a layer that no model has": modules_of(["layers.70000.a", 2, 2, 1]),
    "a module twice": modules_of(ROW, ROW),
    "modules out of order": modules_of(["layers.0.b", 2, 2, 1], ROW),
    "layers out of order": modules_of(["layers.10.a", 2, 2, 1], ["layers.2.a", 2, 2, 1]),
    "no rows": modules_of(["layers.0.a", 0, 2, 0]),
    "no columns": modules_of(["layers.0.a", 2, 0, 0]),
    "rows below zero": modules_of(["layers.0.a", -2, 2, 1]),
    "rows as a fraction": modules_of(["layers.0.a", 2.5, 2, 1]),
    "rows true": modules_of(["layers.0.a", True, 2, 1]),
    "too many rows": modules_of(["layers.0.a", (1 << 24) + 1, 2, 1]),
    "a rank above the rows": both(modules_of(["layers.0.a", 1, 4, 2]), settings_of(rank=2)),
    "a rank above the columns": both(modules_of(["layers.0.a", 4, 1, 2]), settings_of(rank=2)),
    "a rank above all": both(modules_of(["layers.0.a", 2000, 2000, 1025]), settings_of(rank=1025)),
    "two halves of a rank above all": both(modules_of(["m", 2000, 2000, 513]), settings_of(rank=513, alpha=0.5)),
    "groups are a number": lambda content: content.update(groups=22),
    "a group too many": lambda content: content.update(groups=[22, 0]),
    "no group": lambda content: content.update(groups=[]),
    "a group as text": lambda content: content.update(groups=["22"]),
    "a group below zero": lambda content: content.update(groups=[-22]),
    "a group that is larger": lambda content: content.update(groups=[23]),
    "a group that is smaller": lambda content: content.update(groups=[21]),
    "a module that is larger": modules_of(["layers.0.a", 3, 2, 1]),
    "a module that is smaller": modules_of(["layers.0.a", 1, 2, 1]),
    "magnitudes that are not there": lambda content: content.update(dora=True),
    "masks that are not there": settings_of(alpha=0.5),
    "a mask of the update that is not there": settings_of(space="delta"),
    "numbers of another codec": settings_of(codec="f32"),
    "streams that are none": settings_of(codec="rdq"),
}  # fmt: skip
"""What the header says that it must not, or that is not so."""


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_is_refused(lie: str) -> None:
    """With an error of ours."""
    with pytest.raises(FormatError):
        decode(forged(LIES[lie]))


TEXT = canonical_json({**CONTENT, "groups": [len(GROUP)]})
HEADERS: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" " + TEXT,
    "white space inside": TEXT.replace(b",", b", ", 1),
    "keys in another order": b'{"groups":[14],"dora":false' + TEXT[TEXT.index(b',"modules"') :],
    "a key twice": TEXT[:-1] + b',"settings":' + canonical_json(CONTENT["settings"]) + b"}",
    "a number in another form": TEXT.replace(b'"alpha":1', b'"alpha":1.0'),
    "a number that is none": TEXT.replace(b'"alpha":1', b'"alpha":NaN'),
    "an infinite number": TEXT.replace(b'"density":1', b'"density":1e999'),
    "a number without end": TEXT.replace(b'"density":1', b'"density":1' + b"0" * 400),
    "a number that python does not read": TEXT.replace(b'"density":1', b'"density":1' + b"0" * 5000),
    "brackets without end": b"[" * 100_000,
    "a name in UTF-8 that is none": TEXT.replace(b"layers", b"l\xffyers"),
    "half a character": TEXT.replace(b"layers", b"l\\ud800yers"),
    "UTF-16": TEXT.decode().encode("utf-16"),
    "a text": b'"text"',
    "a number": b"1",
    "a list of many lists": b"[" + b"[]," * 300_000 + b"[]]",
}
"""Headers that are other bytes than the one form of their values, or no JSON."""


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_has_one_form(header: str) -> None:
    """All others are refused."""
    assert decode(file_of(TEXT, GROUP))

    with pytest.raises(FormatError):
        decode(file_of(HEADERS[header], GROUP))


def with_lengths(stored: int, raw: int) -> bytes:
    """The forged file with other lengths of its header."""
    return b"".join([blob.MAGIC, stored.to_bytes(4, "little"), raw.to_bytes(4, "little"), forged()[16:]])


FRAME = len(frames.compress([TEXT]))
FILES: dict[str, bytes] = {
    "nothing": b"",
    "the magic alone": blob.MAGIC,
    "another version": b"OSDADPT\x02" + forged()[8:],
    "a header longer than the file": with_lengths(1 << 31, len(TEXT)),
    "a header that ends later": with_lengths(FRAME + 1, len(TEXT)),
    "a header that ends earlier": with_lengths(FRAME - 1, len(TEXT)),
    "a header of no bytes": with_lengths(0, 0),
    "a header that is longer": with_lengths(FRAME, len(TEXT) + 1),
    "a header that is shorter": with_lengths(FRAME, len(TEXT) - 1),
    "a header of 4 GiB": with_lengths(FRAME, (1 << 32) - 1),
    "bytes after the end": forged() + b"\0",
    "two frames": b"".join([blob.MAGIC, (2 * FRAME).to_bytes(4, "little"), len(TEXT).to_bytes(4, "little"),
                            2 * frames.compress([TEXT]), GROUP]),
}  # fmt: skip
"""What is wrong around the header."""


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_malformed_is_refused(case: str) -> None:
    """Before anything in it is believed."""
    with pytest.raises(FormatError):
        decode(FILES[case])


S, ONES = GROUP[:4], GROUP[5:9]
GROUPS: dict[str, tuple[Change | None, bytes]] = {
    "S is not a number": (None, np.array([np.nan], "<f4").tobytes() + GROUP[4:]),
    "a form of indices that is none": (None, S + b"\4" + GROUP[5:]),
    "another form than the smallest": (None, S + b"\2\xc0" + ONES + GROUP[9:]),
    "another form than what was chosen": (settings_of(indices="csr"), S + b"\2\x80" + ONES[:2] + GROUP[9:]),
    "a kept number that is zero": (None, S + b"\0" + bytes(4) + GROUP[9:]),
    "a kept number that is minus zero": (None, S + b"\0" + ONES[:3] + b"\x80" + GROUP[9:]),
    "a kept number that is infinite": (None, S + b"\0" + ONES[:2] + b"\0\x7c" + GROUP[9:]),
    "a whole factor with gaps": (settings_of(alpha=0.5), S + b"\2\x80" + ONES[:2] + GROUP[9:] + b"\0\0"),
    "more bytes than a group has": (None, GROUP + b"\0"),
    "fewer bytes than a group has": (None, GROUP[:-1]),
    "rdq: shorter than its length": (settings_of(codec="rdq"), b"\1\0\0"),
    "rdq: longer than all its numbers can be": (settings_of(codec="rdq"), b"\xff\xff\xff\xff" + GROUP),
}  # fmt: skip
"""What is wrong in a group."""


def rdq(raw: bytes) -> bytes:
    """A group of rdq that holds these bytes."""
    return len(raw).to_bytes(4, "little") + frames.compress([raw])


PLANES = np.array([1], "<f4").tobytes()
"""S = 1: with one number, planes are its bytes."""
STREAMS: dict[str, bytes] = {
    "no table": PLANES,
    "S is not a number": np.array([np.inf], "<f4").tobytes() + b"\0",
    "fewer streams than are counted": PLANES + b"\1",
    "a stream of no width": PLANES + b"\1" + b"\0" + b"\1\0\1\0",
    "a stream of a width that is none": PLANES + b"\1" + b"\x20" + b"\1\0\1\0",
    "a stream of no rows": PLANES + b"\1" + b"\2" + b"\0\0\0\0",
    "more rows than components": PLANES + b"\1" + b"\2" + b"\2\0\1\0" + b"\x55\x55",
    "more rows in all streams than components": PLANES + b"\2" + 2 * (b"\2" + b"\1\0\1\0") + b"\x56\x56",
    "fewer numbers than rows have": PLANES + b"\1" + b"\x10" + b"\1\0\1\0" + b"\x80",
    "more streams than rows have classes": PLANES + b"\x19" + 25 * (b"\2" + b"\1\0\1\0"),
    "bytes after the last stream": PLANES + b"\1" + b"\2" + b"\1\0\1\0" + b"\x56\0",
}  # fmt: skip
"""What is wrong in a group of rdq; the module has one component of 2 x 2."""


def test_a_group_of_rdq_by_hand_is_read() -> None:
    """Or nothing would follow from what is done to it."""
    raw = PLANES + b"\1" + b"\2" + b"\1\0\1\0" + bytes([0b01_10_00_10])

    osd = decode(forged(settings_of(codec="rdq"), parts=[rdq(raw)]))

    assert osd.modules["layers.0.a"].u.tolist() == [[1, -1]]
    assert osd.modules["layers.0.a"].v.tolist() == [[1, 0]]


@pytest.mark.parametrize("case", [*GROUPS, *STREAMS])
def test_a_group_that_is_malformed_is_refused(case: str) -> None:
    """With an error of ours."""
    change, part = GROUPS[case] if case in GROUPS else (settings_of(codec="rdq"), rdq(STREAMS[case]))

    with pytest.raises(FormatError):
        decode(forged(change, parts=[part]))


def rle_frame(size: int) -> bytes:
    """A zstd frame of so many zeros in blocks of 128 KiB, of 4 bytes each."""
    whole, rest = divmod(size, 1 << 17)
    sizes = [1 << 17] * whole + [rest] * (rest > 0)
    blocks = [
        (each << 3 | 1 << 1 | (at == len(sizes) - 1)).to_bytes(3, "little") + b"\0" for at, each in enumerate(sizes)
    ]
    return b"\x28\xb5\x2f\xfd" + bytes([0b1000_0000, 0x38]) + size.to_bytes(4, "little") + b"".join(blocks)


def bomb(rows: list[Any], part: bytes, **changes: Any) -> bytes:
    """A small file that claims to be a large one."""
    return forged(both(modules_of(*rows), settings_of(**changes)), parts=[part])


WIDE = 1 << 24
BOMBS: dict[str, bytes] = {
    "factors of 64 GiB": bomb([["m", WIDE, WIDE, 1024]], b"", rank=1024),
    "a mask of 2^48 cells": bomb([["m", WIDE, WIDE, 0]], b"\0\0\0", space="delta"),
    "more modules than any model has": bomb([[f"m{at:05}", 1, 1, 0] for at in range(60_000)], b"\0"),
    "many modules without components": bomb([[f"m{at:05}", WIDE, WIDE, 0] for at in range(5000)], b"", space="delta"),
    "magnitudes of many modules": forged(both(modules_of(*([f"m{at:05}", WIDE, 1, 0] for at in range(5000))),
                                              lambda content: content.update(dora=True)), parts=[b""]),
    "an empty rice mask of all that is free": bomb([["m", 2_000_000, 2, 1]], S + b"\3" + bytes(5) + b"\3" + bytes(5)),
    "a frame of 4 GiB": bomb([["m", WIDE, 1, 0]], b"\xff\xff\xff\xff" + rle_frame((1 << 32) - 1), codec="rdq"),
    "a frame of 256 MiB for 16": bomb([["m", 2_000_000, 2, 1]], b"\0\0\0\x10" + rle_frame(1 << 28), codec="rdq"),
    "a header of 2 MiB of zeros": b"".join([blob.MAGIC, len(rle_frame(2 << 20)).to_bytes(4, "little"),
                                            (2 << 20).to_bytes(4, "little"), rle_frame(2 << 20)]),
    "a header of 64 MiB": b"".join([blob.MAGIC, len(rle_frame(64 << 20)).to_bytes(4, "little"),
                                    (64 << 20).to_bytes(4, "little"), rle_frame(64 << 20)]),
    "a header of many lists": file_of(b"[" + b"[]," * 699_000 + b"[]]"),
}  # fmt: skip
"""Small files that would take much memory or time of those who believe them."""


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_takes_little_memory_and_time(case: str) -> None:
    """Not much more than 16 MiB and 200 bytes for each byte of the file."""
    data = BOMBS[case]
    tracemalloc.start()
    begin = time.process_time()

    with pytest.raises(FormatError):
        decode(data)

    taken, (_now, peak) = time.process_time() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(data) < 200_000
    assert taken < 10
    assert peak < 3 * ((16 << 20) + 200 * len(data))
