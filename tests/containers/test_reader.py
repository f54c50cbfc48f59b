"""What the rules leave free is read, up to their limits."""

from __future__ import annotations

import pytest

from expertkit.containers import kinds
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from tests.containers.broken import BASE, UNSIGNED, entered, headed, named
from tests.containers.builders import draft, everything, patched, second, sections_of, signed, written

ALLOWED = {
    "flags that are not critical": headed("", "flags", flags=0xFFFF0000).data,
    "another minor version": headed("", "minor", minor=65_535).data,
    "metadata that is no JSON": patched(BASE, lambda pieces: setattr(pieces, "metadata", b"\xff\0")),
    "1 MiB of metadata": patched(BASE, lambda pieces: setattr(pieces, "metadata", bytes(1 << 20))),
    "a name of 100 bytes": named(b"custom/" + b"x" * 93).data,
    "a name of eight parts": named(b"/".join([b"a"] * 8)).data,
    "a name that is nearly a device": named(b"custom/com").data,
    "an alignment of 4,096": entered(4, "", "id", alignment=4096).data,
    "4,096 sections": written([draft(kinds.CUSTOM, f"custom/{number}", b"x") for number in range(4096)]),
    "an unknown type": entered(6, "", "id", type=32_768).data,
    "an unknown type whose codec gives nothing": entered(6, "", "id", type=65_535, codec=1).data,
    "an unknown type of planes": entered(6, "", "id", type=40_000, codec=2, dtype=3, alignment=256).data,
    "16 signatures of the largest": signed(
        UNSIGNED, *(b"%02d" % number + bytes(65_534) for number in range(16)), chain=[bytes(65_532)]
    ),
}


@pytest.mark.parametrize("data", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_the_rules_allow_is_read(data: bytes) -> None:
    """At every limit exactly, and what is not critical is passed over; the second reader reads the same."""
    found = second(data)

    assert found is not None
    assert sections_of(found) == everything(Held(data))
    assert found.metadata == Container(Held(data)).metadata
