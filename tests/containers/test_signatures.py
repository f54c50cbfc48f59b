"""The signature block: signing changes nothing else, and a broken block is refused where it is broken."""

from __future__ import annotations

import pytest

from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.errors import FormatError
from expertkit.members.signatures import Signature
from tests.containers.broken import BASE, BLOCK_AT, Case
from tests.containers.builders import ENVELOPE, Pieces, drafts, everything, patched, second, signed, written


def with_block(block: bytes, word: str, *, at: int = 0) -> Case:
    """Another signature block, in which the place ``at`` is named."""

    def change(pieces: Pieces) -> None:
        pieces.block = block

    return Case(data=patched(BASE, change), offset=BLOCK_AT + at, word=word)


def one(envelope: bytes, chain: bytes = b"", *, sizes: tuple[int, int] | None = None) -> bytes:
    """A signature in a block."""
    lengths = sizes or (len(envelope), len(chain))
    return b"".join(length.to_bytes(4, "little") for length in lengths) + envelope + chain


def several(*signatures: bytes, count: int | None = None, reserved: bytes = bytes(4)) -> bytes:
    """A block of signatures."""
    number = len(signatures) if count is None else count
    return number.to_bytes(4, "little") + reserved + b"".join(signatures)


CASES = {
    "an empty block": Case(
        data=patched(BASE, lambda pieces: pieces.header.update(signatures_size=0))[:BLOCK_AT],
        offset=BLOCK_AT, word="at least 8",
    ),
    "a block of 7 bytes": with_block(bytes(7), "at least 8"),
    "no signature": with_block(several(), "1 to 16"),
    "17 signatures": with_block(several(*(one(b"%02d" % number) for number in range(17))), "1 to 16"),
    "a reserved byte of the block": with_block(several(one(b"a"), reserved=b"\0\0\0\1"), "reserved", at=4),
    "fewer signatures than said": with_block(several(one(b"a"), count=2), "another signature", at=17),
    "more signatures than said": with_block(several(one(b"a"), one(b"b"), count=1), "expected 17 bytes", at=17),
    "an empty envelope": with_block(several(one(b"")), "an envelope", at=8),
    "an envelope over 65,536 bytes": with_block(several(one(b"x" * 65_537)), "an envelope", at=8),
    "an envelope beyond the file": with_block(several(one(b"x", sizes=(2, 0))), "an envelope", at=8),
    "a chain over 65,536 bytes": with_block(
        several(one(b"x", (65_533).to_bytes(4, "little") + bytes(65_533))), "a chain", at=8
    ),
    "a chain beyond the file": with_block(several(one(b"x", sizes=(1, 5))), "a chain", at=8),
    "signatures out of order": with_block(several(one(b"b"), one(b"a")), "in order"),
    "an envelope twice": with_block(several(one(b"a"), one(b"a", b"\1\0\0\0x")), "twice"),
    "an empty certificate": with_block(several(one(b"a", bytes(4))), "certificate", at=17),
    "half a length of a certificate": with_block(several(one(b"a", b"\1\0")), "certificate", at=17),
    "a certificate beyond its chain": with_block(several(one(b"a", b"\2\0\0\0x")), "certificate", at=17),
}  # fmt: skip


def test_signing_changes_the_header_and_the_end_alone() -> None:
    """16 bytes of the header, and what follows the content; the root stays."""
    plain = written(drafts())
    end = Container(Held(plain)).header.content_end

    once = signed(plain)
    other = signed(once, b"another", chain=[b"certificate"])

    assert len(plain) == end
    assert once[:96] + once[112:end] == plain[:96] + plain[112:]
    assert other[:end] == once[:104] + other[104:112] + once[112:end]
    assert Container(Held(once)).root == Container(Held(other)).root == Container(Held(plain)).root
    assert Container(Held(plain)).signatures == ()
    assert Container(Held(once)).signatures == (Signature(envelope=ENVELOPE),)
    assert Container(Held(other)).signatures == (Signature(envelope=b"another", chain=(b"certificate",)),)


def test_signatures_are_sorted_by_their_envelopes() -> None:
    """Up to 16, whatever order they come in, and both readers see the same."""
    envelopes = [b"%02d" % number for number in range(16)]

    data = signed(written(drafts()), *reversed(envelopes), chain=[b"a", b"bc"])

    found = second(data)
    assert found is not None
    assert found.signatures == tuple((envelope, (b"a", b"bc")) for envelope in envelopes)
    assert [each.envelope for each in Container(Held(data)).signatures] == envelopes


@pytest.mark.parametrize(
    "envelopes",
    [[b"a", b"a"], [b""], [b"x" * 65_537], [b"%02d" % number for number in range(17)]],
    ids=["the same twice", "an empty one", "a large one", "17"],
)
def test_signatures_that_nobody_would_read_are_not_written(envelopes: list[bytes]) -> None:
    """It is the caller's mistake."""
    with pytest.raises(ValueError, match="signatures"):
        signed(written(drafts()), *envelopes)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_broken_block_is_refused(case: Case) -> None:
    """With the place and a word of what was expected; the second reader refuses it too."""
    with pytest.raises(FormatError, match=case.word) as refusal:
        everything(Held(case.data))

    assert refusal.value.offset == case.offset
    assert second(case.data) is None
