"""Every rule of docs/format.md but those about what is inside a section: broken, it is refused where it is broken."""

from __future__ import annotations

import pytest

from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.errors import FormatError, IntegrityError, UnsupportedError
from tests.containers.broken import (
    AT,
    BASE,
    BLOCK_AT,
    RAW,
    SMALLEST,
    TOC_AT,
    UNSIGNED,
    Case,
    entered,
    headed,
    named,
    place,
    with_entry,
)
from tests.containers.builders import (
    METADATA,
    Pieces,
    everything,
    patched,
    refusal_of,
    replaced,
    second,
    small,
)

END = 128 + len(METADATA)
SIZE = len(UNSIGNED)


def unsigned(**fields: int) -> bytes:
    """An unsigned container with other fields in its header."""
    return patched(UNSIGNED, lambda pieces: pieces.header.update(fields))


def swapped(pieces: Pieces) -> None:
    """The grammar after the document."""
    pieces.entries[3:5] = pieces.entries[4:2:-1]
    pieces.payloads[3:5] = pieces.payloads[4:2:-1]


CASES = {
    # 1. The file
    "metadata elsewhere": headed("metadata at 128", "metadata_at", metadata_at=192),
    "a TOC one step late": headed("TOC at", "toc_at", toc_at=TOC_AT + 64),
    "a TOC of one entry more": headed("bytes of TOC", "toc_size", toc_size=7 * 192),
    "a content that ends before the TOC": headed("content's end", "content_end", content_end=TOC_AT),
    "a content that ends after the file": Case(data=unsigned(content_end=SIZE + 1), offset=56, word="end within"),
    "a content that ends within a section": Case(
        data=unsigned(content_end=SIZE - 1)[:-1], offset=place(6, "stored"), word="to end by"
    ),
    "a content that ends after the last section": Case(
        data=unsigned(content_end=SIZE + 64) + bytes(64), offset=56, word="content's end at"
    ),
    "a byte after an unsigned content": Case(data=UNSIGNED + b"\0", offset=SIZE, word="a file of"),
    "a byte after the signatures": Case(data=BASE + b"\0", offset=len(BASE), word="a file of"),
    "a file that is cut": Case(data=BASE[:-1], offset=len(BASE) - 1, word="a file of"),
    "signatures one step late": headed("signatures at", "signatures_at", signatures_at=BLOCK_AT + 64),
    "a section one step late": entered(6, "expected it at", "at", at=AT[6] + 64),
    "a section over the one before": entered(6, "expected it at", "at", at=AT[4]),
    "a section in the header": entered(1, "expected it at", "at", at=0),
    "a section after the content": entered(6, "to end by", "stored", stored=128, raw=128),
    "padding after the metadata": Case(data=replaced(BASE, END, b"\1"), offset=END, word="padding"),
    "padding before the TOC": Case(data=replaced(BASE, TOC_AT - 1, b"\1"), offset=TOC_AT - 1, word="padding"),
    "padding before a section": Case(data=replaced(BASE, AT[2] - 1, b"\1"), offset=AT[2] - 1, word="padding"),
    "padding before the signatures": Case(data=replaced(SMALLEST, 400, b"\1"), offset=400, word="padding"),
    # 2. The header
    "the magic alone": Case(data=BASE[:8], offset=8, word="128 bytes"),
    "a header of 127 bytes": headed("header size", "size", size=127),
    "a header of 256 bytes": headed("header size", "size", size=256),
    "the first critical flag": headed("bit 0", "flags", flags=1),
    "the last critical flag": headed("bit 15", "flags", flags=1 << 15),
    "no section": headed("sections", "sections", sections=0),
    "4,097 sections": headed("sections", "sections", sections=4097),
    "a section more than the TOC has": headed("bytes of TOC", "toc_size", sections=7),
    "metadata of one byte": headed("bytes of metadata", "metadata_size", metadata_size=1),
    "metadata over 1 MiB": headed("bytes of metadata", "metadata_size", metadata_size=(1 << 20) + 1),
    "signatures of a length and no place": headed("signatures at", "signatures_at", signatures_at=0),
    "signatures of a place and no length": Case(
        data=patched(BASE, lambda pieces: pieces.header.update(signatures_size=0)), offset=BLOCK_AT, word="a file of"
    ),
    "signatures beyond any block": headed("bytes of signatures", "signatures_size", signatures_size=1 << 40),
    "a reserved byte of the header": headed("reserved", "reserved", reserved=bytes(15) + b"\1"),
    # 3. The TOC
    "an id that is another place": entered(2, "as its id", "id", id=3),
    "an id of 0": entered(1, "as its id", "id", id=0),
    "reserved bytes at 10": entered(1, "reserved", "reserved_10", reserved_10=b"\0\1"),
    "reserved bytes at 44": entered(1, "reserved", "reserved_44", reserved_44=b"\1\0\0\0"),
    "reserved bytes at 80": entered(1, "reserved", "reserved_80", reserved_80=bytes(7) + b"\1"),
    "tensors without a dtype": entered(1, "dtype", "dtype", dtype=0),
    "tensors of an unknown dtype": entered(1, "dtype", "dtype", dtype=4),
    "a text with a dtype": entered(4, "dtype", "dtype", dtype=1),
    "an unknown type of an unknown dtype": entered(6, "dtype", "dtype", type=40_000, dtype=4),
    "an alignment of 0": entered(4, "alignment", "alignment", alignment=0),
    "an alignment of 32": entered(4, "alignment", "alignment", alignment=32),
    "an alignment of 96": entered(4, "alignment", "alignment", alignment=96),
    "an alignment of 8,192": entered(4, "alignment", "alignment", alignment=8192),
    "tensors at 128 bytes": entered(1, "alignment", "alignment", alignment=128),
    "an unknown type with tensors at 64 bytes": entered(6, "alignment", "alignment", type=40_000, dtype=1),
    "layer 65,536": entered(2, "a layer below", "layer", layer=65_536),
    "a layer just below that of none": entered(2, "a layer below", "layer", layer=0xFFFFFFFE),
    "a text of a layer": entered(4, "layer 0", "layer", layer=1),
    "a text of no layer": entered(4, "layer 0", "layer", layer=0xFFFFFFFF),
    "an unknown type of a layer": entered(6, "layer 0", "layer", type=40_000, layer=1),
    "no name": named(b"", "relative name"),
    "a name of 101 bytes": named(b"custom/" + b"x" * 94, "100 characters"),
    "a name of 104 bytes": named(b"x" * 104, "100 characters"),
    "a name outside ASCII": named("custom/\u00e4".encode(), "ASCII"),
    "bytes after the name": named(b"custom/a\0b", "ASCII name and zeros"),
    "a zero before the name": named(b"\0custom/a", "ASCII name and zeros"),
    "a name that climbs": named(b"custom/../a"),
    "an absolute name": named(b"/custom/a"),
    "a name of a folder": named(b"custom/"),
    "a name with a backslash": named(b"custom\\a"),
    "a name with a space": named(b"custom/a b"),
    "a name with a line feed": named(b"custom/a\n"),
    "a hidden name": named(b"custom/.a"),
    "a name that ends with a dot": named(b"custom/a."),
    "a name like an option": named(b"custom/-a"),
    "a name of nine parts": named(b"/".join([b"a"] * 9), "8 levels"),
    "a device": named(b"custom/NUL.txt"),
    "the device com0": named(b"custom/com0"),
    "the device lpt0": named(b"custom/LPT0.x"),
    "entries out of order": Case(data=patched(BASE, swapped), offset=place(5), word="sorted by type"),
    "layers out of order": Case(
        data=patched(BASE, lambda pieces: pieces.entries[0].update(layer=11)), offset=place(2), word="sorted by type"
    ),
    "names out of order": Case(data=with_entry(7, name=b"custom/a/b.bi"), offset=place(7), word="sorted by type"),
    "an entry twice": Case(data=with_entry(7), offset=place(7), word="once"),
    "one name in two types": entered(5, "confuses", "name", name=b"grammar.gbnf"),
    "two names that differ in case": Case(
        data=with_entry(6, name=b"custom/a/B.bin"), offset=place(7, "name"), word="confuses"
    ),
    "a name in the place of a folder": Case(
        data=with_entry(6, name=b"custom/A"), offset=place(7, "name"), word="confuses"
    ),
    "a folder in the place of a name": Case(
        data=patched(BASE, lambda pieces: pieces.entries[4].update(name=b"CUSTOM/a/b.bin/c")),
        offset=place(6, "name"), word="confuses",
    ),
    "the manifest as a section": named(b"manifest.json", "confuses"),
    "the signature as a section": named(b"Signature.SIG", "confuses"),
    "a name in the manifest's place": named(b"manifest.json/a", "confuses"),
    "an adapter of two names": entered(2, "name and dtype", "id", name=b"other.safetensors"),
    "an adapter of two dtypes": entered(3, "name and dtype", "id", dtype=2),
    # 4. Types
    "type 0": entered(1, "type.* got 0", "type", type=0),
    "type 14": entered(6, "section 6.*type.* got 14", "type", type=14),
    "type 32,767": entered(6, "section 6.*type.* got 32767", "type", type=32_767),
    # 5. Codecs, as far as entries go
    "an unknown codec": entered(6, "section 6.*codec.* got 3", "codec", codec=3),
    "an unknown codec of an unknown type": entered(6, "codec", "codec", type=40_000, codec=3),
    "raw bytes of two lengths": entered(6, "as it is raw", "raw", raw=63),
    "a codec for nothing": entered(4, "nothing to decode", "codec", raw=0),
    "planes of no tensors": entered(4, "planes", "codec", codec=2),
    "planes of an odd number of bytes": entered(1, "planes", "codec", raw=295),
    "planes of float32": Case(
        data=patched(small("float32"), lambda pieces: pieces.entries[0].update(codec=2)),
        offset=place(1, "codec"), word="planes",
    ),
    # 9. Limits
    "a section over 200 to one": entered(4, "at most", "raw", raw=(1 << 20) + 200 * 39 + 1),
}  # fmt: skip

CHANGED = {
    "a flag that is not critical": (BASE, 18, 64),
    "the minor version": (BASE, 10, 64),
    "a byte of the root": (BASE, 64, 64),
    "a byte of the metadata": (BASE, 128, 64),
    "a byte of an entry": (BASE, TOC_AT + 5, 64),
    "a digest in an entry": (BASE, place(1, "digest"), 64),
    "a byte of a raw section": (RAW, Container(Held(RAW)).entries[1].at + 9, Container(Held(RAW)).entries[1].at),
    "a byte of a compressed section": (BASE, AT[4] + 20, AT[4]),
}
"""A container, the place of a byte that is changed, and that which is named."""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_broken_rule_is_refused(case: Case) -> None:
    """With the place and a word of what was expected; the second reader refuses it too."""
    with pytest.raises(FormatError, match=case.word) as refusal:
        everything(Held(case.data))

    assert type(refusal.value) is FormatError
    assert refusal.value.offset == case.offset
    assert second(case.data) is None


@pytest.mark.parametrize(("data", "at", "named"), CHANGED.values(), ids=CHANGED.keys())
def test_a_changed_byte_is_no_longer_what_was_recorded(data: bytes, at: int, named: int) -> None:
    """The root tells for header, metadata and TOC, a digest for each section: nothing else of them is believed."""
    changed = replaced(data, at, bytes([data[at] ^ 1]))

    with pytest.raises(IntegrityError, match="expected SHA-256") as refusal:
        everything(Held(changed))

    assert refusal.value.offset == named
    assert second(changed) is None


@pytest.mark.parametrize("major", [0, 2, 65_535])
def test_another_major_version_is_named(major: int) -> None:
    """A newer program may read it, which is not the same as a file that is broken."""
    data = headed("", "major", major=major, minor=3).data

    with pytest.raises(UnsupportedError, match=rf"version 1, got {major}\.3") as refusal:
        everything(Held(data))

    assert (refusal.value.offset, refusal.value.hint) == (8, "a newer version of this program may read it")
    assert second(data) is None


@pytest.mark.parametrize(
    "data", [b"", bytes(10_240), b"HLLMEXP\1" + BASE[8:]], ids=["nothing", "a TAR archive", "another magic"]
)
def test_what_begins_otherwise_is_no_container(data: bytes) -> None:
    """It may be something else that is whole."""
    with pytest.raises(UnsupportedError, match="begins") as refusal:
        everything(Held(data))

    assert refusal.value.offset == 0
    assert second(data) is None


def test_a_digest_that_the_root_vouches_for_is_still_compared() -> None:
    """A section that is not what its entry says is refused when it is read, and its neighbours are not."""
    data = entered(4, "", "digest", digest=bytes(32)).data
    container = Container(Held(data))

    with pytest.raises(IntegrityError, match="section 4") as refusal:
        container.read(container.entries[3])

    assert refusal.value.offset == AT[4]
    assert len(container.read(container.entries[5])) == 64
    assert second(data) is None


def test_every_prefix_is_refused() -> None:
    """A container cut anywhere is never read as a smaller one."""
    for size in range(len(BASE)):
        refusal = refusal_of(BASE[:size])

        assert refusal is not None
        assert refusal.offset is not None
        assert second(BASE[:size]) is None


@pytest.mark.parametrize("data", [UNSIGNED, BASE], ids=["unsigned", "signed"])
def test_nothing_may_follow(data: bytes) -> None:
    """Up to 64 bytes, zeros or not, after a container of either kind."""
    for size in range(1, 65):
        for extra in (bytes(size), b"x" * size, data[:size]):
            refusal = refusal_of(data + extra)

            assert refusal is not None
            assert refusal.offset is not None
            assert second(data + extra) is None
