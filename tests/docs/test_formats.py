"""The format specifications say what the golden files are."""

from __future__ import annotations

import re
from pathlib import Path

from expertkit.archives.archive import LIMITS
from expertkit.members.names import SIGNATURE
from expertkit.packages.names import REQUIRED
from expertkit.signing.dsse import PAYLOAD_TYPE, pae
from expertkit.signing.statement import PREDICATE_TYPE, TYPE
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


def test_the_signed_bytes_in_the_specification_are_right() -> None:
    """The example is what the encoder gives."""
    (example,) = blocks(DOCS / "signing.md")

    assert example.encode() == pae(PAYLOAD_TYPE, b"{}") + b"\n"


def test_every_member_and_constant_is_specified() -> None:
    """Required members, the golden package's members, types and limits are all in the text."""
    packaging, signing = ((DOCS / name).read_text() for name in ("packaging.md", "signing.md"))

    for name in {*REQUIRED, *decode((FOLDER / PACKAGE).read_bytes()), SIGNATURE}:
        assert f"`{name}`" in packaging, name
    for word in (TYPE, PREDICATE_TYPE, PAYLOAD_TYPE):
        assert f"`{word}`" in signing, word
    assert f"{LIMITS.members:,} members, and {LIMITS.ratio} bytes out" in packaging
