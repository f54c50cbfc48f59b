"""The format specifications say what the golden files are."""

from __future__ import annotations

import re
from pathlib import Path

from expertkit.adapters.tensors import MAX_TENSORS
from expertkit.archives.archive import LIMITS
from expertkit.containers import codecs, header, kinds, limits, toc
from expertkit.members.names import SIGNATURE
from expertkit.packages.names import CARRIERS, MANIFEST, OPTIONAL, REQUIRED
from expertkit.signing.dsse import PAYLOAD_TYPE, pae
from expertkit.signing.statement import CONTAINER_TYPE, PREDICATE_TYPE, TYPE
from tests.archives.builders import decode, gunzipped
from tests.golden.make import FOLDER, PACKAGE

DOCS = FOLDER.parents[1] / "docs"


def blocks(path: Path) -> list[str]:
    """The fenced blocks of a document."""
    return re.findall(r"^```text\n(.*?)^```$", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def test_the_hex_dump_is_the_golden_archives() -> None:
    """Every line of the dump has the bytes at its offset, and those left out are zeros."""
    layer = gunzipped((FOLDER / PACKAGE).read_bytes())[:528]
    (dump,) = blocks(DOCS / "packaging.md")
    shown = bytearray(len(layer))

    for line in dump.splitlines():
        offset, row, _text = line.split("  ")
        shown[int(offset, 16) : int(offset, 16) + 16] = bytes.fromhex(row)

    assert bytes(shown) == layer


def test_the_hex_dump_of_the_container_is_the_golden_ones() -> None:
    """The lines of header and first entry have the bytes at their offsets, and those left out are zeros."""
    data = (FOLDER / "container" / PACKAGE).read_bytes()
    toc_at = header.decode(data[: header.SIZE]).toc_at
    shown = bytearray(toc_at + toc.SIZE)

    for line in blocks(DOCS / "format.md")[-1].splitlines():
        offset, row, _text = line.split("  ", 2)
        shown[int(offset, 16) : int(offset, 16) + 16] = bytes.fromhex(row)

    assert bytes(shown[: header.SIZE]) == data[: header.SIZE]
    assert bytes(shown[toc_at:]) == data[toc_at : toc_at + toc.SIZE]


def test_types_codecs_and_limits_of_containers_are_specified() -> None:
    """Each with its number, and no other number with a word of its own."""
    text = (DOCS / "format.md").read_text()

    rows = re.findall(r"^\| ([\d,]+) \| `([a-z-]+)` \|", text, re.MULTILINE)
    types = {(int(number.replace(",", "")), word) for number, word in rows}

    assert types == {(kind.number, kind.word) for kind in kinds.KINDS.values()} | {*codecs.WORDS.items()}
    assert f"1 to {limits.SECTIONS:,}" in text
    assert f"2 to {limits.METADATA:,}" in text
    assert f"1 MiB + {limits.RATIO} times" in text
    assert f"{MAX_TENSORS:,} tensors" in text


def test_every_name_of_a_member_stands_with_its_type() -> None:
    """The table of types names the members that a package has."""
    text = (DOCS / "format.md").read_text()

    for name in {*REQUIRED, *CARRIERS, *OPTIONAL} - {MANIFEST}:
        assert f"`{name}`" in text, name


def test_the_signed_bytes_in_the_specification_are_right() -> None:
    """The example is what the encoder gives."""
    (example,) = blocks(DOCS / "signing.md")

    assert example.encode() == pae(PAYLOAD_TYPE, b"{}") + b"\n"


def test_every_member_and_constant_is_specified() -> None:
    """Required members, the golden package's members, types and limits are all in the text."""
    packaging, signing = ((DOCS / name).read_text() for name in ("packaging.md", "signing.md"))

    for name in {*REQUIRED, *decode((FOLDER / PACKAGE).read_bytes()), SIGNATURE}:
        assert f"`{name}`" in packaging, name
    for word in (TYPE, PREDICATE_TYPE, CONTAINER_TYPE, PAYLOAD_TYPE):
        assert f"`{word}`" in signing, word
    assert f"{LIMITS.members:,} members, and {LIMITS.ratio} bytes out" in packaging
