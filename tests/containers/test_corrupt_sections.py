"""The rules of docs/format.md about what is inside a section: broken, it is refused where it is broken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import zstandard

from expertkit.adapters.dtypes import DType
from expertkit.containers import kinds
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.errors import FormatError
from tests.containers.broken import AT, BASE, Case
from tests.containers.builders import (
    TENSORS,
    Pieces,
    block,
    blocks_of,
    draft,
    everything,
    frame,
    patched,
    second,
    sections_of,
    written,
)

PLAIN = b"eight by"
ROW = '"m.0.a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}'
ROWS = f'{ROW},"m.0.b":{{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}'
NUMBERS = np.arange(3, dtype="<f4").tobytes()


def framed(stored: bytes, word: str, *, raw: int = len(PLAIN), at: int = 0) -> Case:
    """The grammar as these stored bytes, in which the place ``at`` is named."""

    def change(pieces: Pieces) -> None:
        pieces.entries[3].update(raw=raw, codec=1)
        pieces.payloads[3] = stored

    return Case(data=patched(BASE, change), offset=AT[4] + at, word=word)


def compressed(*pieces: bytes) -> bytes:
    """Blocks of these pieces, which refer back as far as they like."""
    settings = zstandard.ZstdCompressionParameters.from_level(19, window_log=17)
    writer = zstandard.ZstdCompressor(compression_params=settings).compressobj(size=sum(map(len, pieces)))
    found = [writer.compress(piece) + writer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for piece in pieces]
    return blocks_of(b"".join([*found, writer.flush()]))


def far_back() -> Case:
    """Noise of which a piece comes again after 64 KiB, in a window of 1 KiB."""
    noise = np.random.default_rng(1).bytes(64 << 10)
    pieces = [noise[at : at + 1024] for at in range(0, len(noise), 1024)]
    blocks = compressed(*pieces, noise[:512])
    size = len(noise) + 512
    return framed(frame(blocks, content=size, descriptor=0x80, window=b"\0"), "once decoded", raw=size)


def to_nothing() -> Case:
    """A block that refers to the one before, which was taken out."""
    noise = np.random.default_rng(1).bytes(1024)
    both, first = compressed(noise, noise), compressed(noise)[:-3]
    return framed(frame(both.removeprefix(first), content=1024), "once decoded", raw=1024)


def section(text: str | bytes, data: bytes = NUMBERS, *, pad: int = 256, fill: bytes = b" ") -> bytes:
    """An adapter's section from its header and its data, right or wrong."""
    head = text if isinstance(text, bytes) else text.encode()
    head += fill * (-(8 + len(head)) % pad)
    return len(head).to_bytes(8, "little") + head + data


def rows(text: str, data: bytes = NUMBERS, **form: Any) -> bytes:
    """One of these rows."""
    return section(f'{{"__metadata__":{{"format":"pt"}},{text}}}', data, **form)


def container(raw: bytes, *, dtype: DType = "float32", layer: int = 0) -> bytes:
    """A container of one section of an adapter."""
    return written([draft(kinds.ADAPTER, TENSORS, raw, dtype=dtype, layer=layer)], options=Options(codec="raw"))


FRAMES = {
    "four bytes": framed(b"\x28\xb5\x2f\xfd", "magic"),
    "another magic": framed(b"\x29" + frame(block(PLAIN), content=8)[1:], "magic"),
    "a frame that is skipped, first": framed(
        b"\x50\x2a\x4d\x18\1\0\0\0x" + frame(block(PLAIN), content=8), "magic"
    ),
    "a frame that is skipped, last": framed(
        frame(block(PLAIN), content=8) + b"\x50\x2a\x4d\x18\1\0\0\0x", "its end at 20", at=20
    ),
    "a second frame": framed(
        frame(block(PLAIN), content=8) + frame(block(b""), content=0), "its end at 20", at=20
    ),
    "a byte after the frame": framed(frame(block(PLAIN), content=8) + b"\0", "its end at 20", at=20),
    "no content size": framed(b"\x28\xb5\x2f\xfd\0\0" + block(PLAIN), "content size", at=4),
    **{
        f"a descriptor with bit {bit}": framed(
            frame(block(PLAIN), content=8, descriptor=0xA0 | 1 << bit), "checksum, dictionary, unused", at=4
        )
        for bit in range(5)
    },
    "another content size": framed(frame(block(PLAIN), content=9), "got 9", at=5),
    "a content size cut off": framed(frame(content=8)[:-1], "a block", at=9),
    "a window over 8 MiB": framed(
        frame(block(PLAIN), content=8, descriptor=0x80, window=b"\x69"), "window of at most", at=6
    ),
    "a single segment over 8 MiB": framed(
        frame(*[block(bytes(65_536), is_last=False)] * 2, content=9 << 20), "window of at most", raw=9 << 20, at=5
    ),
    "a block more than the content may have": framed(
        frame(*[block(b"", is_last=False)] * 16, block(PLAIN), content=8), "at most 16 blocks", at=9 + 16 * 3
    ),
    "a stored block over its window": framed(
        frame(block(bytes(1025)), content=1025, descriptor=0x80, window=b"\0"), "a block", raw=1025, at=10
    ),
    "a decoded block over its window": framed(
        frame(compressed(b"abcdefgh" * 500), content=4000, descriptor=0x80, window=b"\0"), "once decoded", raw=4000
    ),
    "a block over its segment": framed(frame(block(b"x", size=9, kind=1), content=8), "a block", at=9),
    "a block over 128 KiB": framed(
        frame(block(b"x", size=131_073, kind=1), content=131_073), "a block", raw=131_073, at=9
    ),
    "a reserved block": framed(frame(block(PLAIN, kind=3), content=8), "a block", at=9),
    "no block": framed(frame(content=8), "a block", at=9),
    "no last block": framed(frame(block(PLAIN, is_last=False), content=8), "a block", at=20),
    "a block beyond the stored bytes": framed(frame(block(PLAIN[:-1], size=8), content=8), "its end at 20", at=20),
    "a repeated byte that is not there": framed(frame(block(b"", size=8, kind=1), content=8), "its end at 13", at=13),
    "a block that is damaged": framed(frame(block(PLAIN, kind=2), content=8), "once decoded"),
    "blocks of too little": framed(frame(block(PLAIN), content=9), "once decoded", raw=9),
    "blocks of too much": framed(
        frame(block(PLAIN, is_last=False), block(b"x"), content=8), "once decoded"
    ),
    "a block that refers beyond its window": far_back(),
    "a block that refers to nothing": to_nothing(),
}  # fmt: skip

ADAPTERS = {
    "nothing": (b"", "length"),
    "seven bytes": (bytes(7), "length"),
    "a header beyond the section": ((1 << 20).to_bytes(8, "little") + rows(ROWS)[8:], "length"),
    "a header of 2^63 bytes": ((1 << 63).to_bytes(8, "little") + rows(ROWS)[8:], "length"),
    "a header that is no JSON": (section('{"__metadata__"'), "one form"),
    "a header that is a list": (section("[]"), "one form"),
    "a header that is nested": (section("[" * 100_000), "one form"),
    "no tensor": (section('{"__metadata__":{"format":"pt"}}', b""), "one form"),
    "no metadata": (section(f"{{{ROWS}}}"), "one form"),
    "other metadata": (section(f'{{"__metadata__":{{"format":"np"}},{ROWS}}}'), "one form"),
    "more metadata": (section(f'{{"__metadata__":{{"format":"pt","a":"b"}},{ROWS}}}'), "one form"),
    "metadata at the end": (section(f'{{{ROWS},"__metadata__":{{"format":"pt"}}}}'), "one form"),
    "white space": (rows(ROWS.replace(",", ", ")), "one form"),
    "fields in another order": (
        rows('"m.0.a":{"shape":[3],"dtype":"F32","data_offsets":[0,12]}'), "one form",
    ),
    "a field more": (rows('"m.0.a":{"dtype":"F32","shape":[3],"data_offsets":[0,12],"a":1}'), "one form"),
    "names in another order": (rows(ROWS.replace("m.0.b", "m.0.A")), "one form"),
    "data in another order": (
        rows('"m.0.a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},'
             '"m.0.b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'),
        "one form",
    ),
    "a name twice": (rows(f"{ROW},{ROW.replace('[0,8]', '[8,16]')}", bytes(16)), "twice"),
    "an escape that is not needed": (rows(ROWS.replace("m.0.a", "m.0.\\u0061")), "one form"),
    "a slash that is escaped": (rows(ROWS.replace("m.0.a", "m.0\\/.0.a")), "one form"),
    "an escape in capitals": (rows(ROWS.replace("m.0.a", "m.0.\\u001F")), "one form"),
    "half a character": (rows(ROWS.replace("m.0.a", "m.0.\\ud800")), "half"),
    "bytes that are no UTF-8": (rows(ROWS).replace(b"m.0.a", b"m.0.\xff"), "strict JSON"),
    "a line feed in a name": (rows(ROWS.replace("m.0.a", "m.0.\n")), "strict JSON"),
    "padding of line feeds": (rows(ROWS, fill=b"\n"), "one form"),
    "padding of zeros": (rows(ROWS, fill=b"\0"), "one form"),
    "padding to 8 bytes": (rows(ROWS, pad=8), "one form"),
    "padding of 256 bytes more": (rows(ROWS + " " * 256), "one form"),
    "padding before the end": (section(f'{{"__metadata__":{{"format":"pt"}},{ROWS} }}'), "one form"),
    "a gap": (rows(ROWS.replace("8,12", "12,16"), bytes(16)), "expected bytes"),
    "an overlap": (rows(ROWS.replace("8,12", "4,8")), "expected bytes"),
    "data after the last tensor": (rows(ROWS, NUMBERS + b"\0"), "bytes of data"),
    "data that is cut": (rows(ROWS, NUMBERS[:-1]), "bytes of data"),
    "a shape of no size": (rows('"m.0.a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}', bytes(4)), "one form"),
    "a shape of three sizes": (rows(ROWS.replace("[1,2]", "[1,1,2]")), "shape"),
    "a size of 0": (rows(ROWS.replace('[1,2],"data_offsets":[0,8]', '[0,2],"data_offsets":[0,0]')), "shape"),
    "a size below 0": (rows(ROWS.replace("[1,2]", "[-1,-2]")), "one form"),
    "a size that is true": (rows(ROWS.replace("[1,2]", "[true,2]")), "one form"),
    "a size that is no whole number": (rows(ROWS.replace("[1,2]", "[1,2.0]")), "one form"),
    "a size with a zero before": (rows(ROWS.replace("[1,2]", "[1,02]")), "strict JSON"),
    "a size of 5,000 digits": (rows(ROWS.replace("[1,2]", f"[1,{'9' * 5000}]")), "strict JSON"),
    "a shape of the other size": (rows(ROWS.replace("[1,2]", "[1,3]")), "expected bytes"),
    "a dtype that is not the entry's": (
        rows('"m.0.a":{"dtype":"F16","shape":[6],"data_offsets":[0,12]}'), "expected dtype 1",
    ),
    "two dtypes": (
        rows(ROWS.replace('F32","shape":[1],"data_offsets":[8,12]', 'F16","shape":[2],"data_offsets":[8,12]')),
        "one dtype",
    ),
    "a dtype that no adapter has": (
        rows('"m.0.a":{"dtype":"I32","shape":[3],"data_offsets":[0,12]}'), "one dtype",
    ),
    "a tensor of another layer": (rows(ROWS.replace("m.0.b", "m.1.b")), "of layer 0"),
    "a tensor of no layer": (rows(ROWS.replace("m.0.b", "m.b")), "of layer 0"),
    "a tensor of layer 65,536": (rows(ROWS.replace("m.0.b", "m.65536.b")), "a layer below"),
    "a tensor of layer 10^20": (rows(ROWS.replace("m.0.b", f"m.1{'0' * 20}.b")), "a layer below"),
    "a number that is none": (rows(ROWS, NUMBERS[:-4] + b"\0\0\xc0\x7f"), "finite"),
    "a number without end": (rows(ROWS, b"\0\0\x80\xff" + NUMBERS[4:]), "finite"),
    "50,001 tensors": (
        rows(",".join(
            f'"m.0.{at:05}":{{"dtype":"F32","shape":[1],"data_offsets":[{4 * at},{4 * at + 4}]}}'
            for at in range(50_001)
        ), bytes(200_004)),
        "50000 tensors",
    ),
    "a header over 8 MiB": (rows(ROWS.replace("m.0.a", "m.0." + "a" * (8 << 20))), "length"),
}  # fmt: skip


@pytest.mark.parametrize("case", FRAMES.values(), ids=FRAMES.keys())
def test_a_broken_frame_is_refused(case: Case) -> None:
    """With the place and a word of what was expected; the second reader refuses it too."""
    with pytest.raises(FormatError, match=case.word) as refusal:
        everything(Held(case.data))

    assert refusal.value.offset == case.offset
    assert str(refusal.value).startswith("section 4 (grammar 'grammar.gbnf'): zstd frame")
    assert second(case.data) is None


@pytest.mark.parametrize(("raw", "word"), ADAPTERS.values(), ids=ADAPTERS.keys())
def test_a_broken_layer_is_refused(raw: bytes, word: str) -> None:
    """As the section that it is in; the second reader refuses it too."""
    data = container(raw)

    with pytest.raises(FormatError, match=f"section 1 .* of layer 0.*{word}") as refusal:
        everything(Held(data))

    assert refusal.value.offset in {512, 512 + 8}
    assert second(data) is None


@pytest.mark.parametrize(
    "name", ["m.0.b", 'm.0.b\\"\\\\\\b\\f\\n\\r\\t\\u001f\x7f/\u2028\u00e4'], ids=["letters", "others"]
)
def test_a_layer_in_its_one_form_is_read(name: str) -> None:
    """What JSON must escape is escaped in one way, and everything else is as it is."""
    data = container(rows(ROWS.replace("m.0.b", name)))

    found = second(data)

    assert found is not None
    assert sections_of(found) == everything(Held(data))


def test_frames_of_all_kinds_of_blocks_are_read() -> None:
    """Raw, repeated, compressed and empty ones, in the smallest window and in a single segment."""
    blocks = block(b"x" * 1024, is_last=False), block(b"y", size=1024, kind=1, is_last=False), block(b"", is_last=False)
    last = compressed(b"abcdefgh" * 100)
    wanted = b"x" * 1024 + b"y" * 1024 + b"abcdefgh" * 100

    for descriptor, window in ((0x80, b"\0"), (0xA0, b""), (0xC0, b"\x68"), (0xE0, b"")):
        stored = frame(*blocks, last, content=len(wanted), descriptor=descriptor, window=window)
        case = framed(stored, "", raw=len(wanted))
        found = second(case.data)

        assert everything(Held(case.data))[(4, 0, "grammar.gbnf")] == wanted
        assert found is not None
        assert sections_of(found) == everything(Held(case.data))
