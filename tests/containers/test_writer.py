"""What a writer chooses, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from expertkit.adapters.dtypes import DTYPES
from expertkit.containers import kinds
from expertkit.containers.settings import Codec
from expertkit.containers.writer import Draft, Options
from expertkit.errors import FormatError
from tests.containers.builders import TENSORS, draft, drafts, stored_as, written


def compressible(size: int, *, share: float) -> bytes:
    """Text of which zstd saves about so much: noise, and then one byte."""
    noise = int(size * (1 - share))
    return np.random.default_rng(1).bytes(noise) + b"a" * (size - noise)


@pytest.mark.parametrize(
    ("share", "codec"), [(0.0, "raw"), (0.05, "raw"), (0.09, "raw"), (0.12, "zstd"), (0.5, "zstd")]
)
def test_what_saves_too_little_stays_raw(share: float, codec: str) -> None:
    """Under 10 %, a section is stored as it is, unless its codec was asked for."""
    data = compressible(100_000, share=share)

    assert stored_as(data) == codec
    assert stored_as(data, options=Options(codec="zstd")) == "zstd"


def test_a_codec_that_did_not_pay_leaves_no_trace() -> None:
    """The bytes are those of a container that was asked for raw sections."""
    sections = [draft(kinds.CUSTOM, f"custom/{name}", compressible(5_000, share=0.01)) for name in "abc"]

    assert written(sections) == written(sections, options=Options(codec="raw"))


def test_the_codec_is_the_one_that_fits() -> None:
    """Planes for 16-bit numbers alone, and no codec for nothing."""
    numbers = np.random.default_rng(1).standard_normal(10_000).astype(np.float32)
    halves = (numbers.view(np.uint32) >> 16).astype("<u2").tobytes()

    assert stored_as(halves, dtype="bfloat16") == "planes"
    assert stored_as(halves[:-1], dtype="bfloat16", options=Options(codec="planes")) == "zstd"
    assert stored_as(halves, dtype="float32", options=Options(codec="planes")) == "zstd"
    assert {stored_as(b"", options=Options(codec=codec)) for codec in get_args(Codec)} == {"raw"}


def test_what_compresses_beyond_belief_stays_raw() -> None:
    """More than 200 bytes for a stored one would not be read again, even where the codec was asked for."""
    zeros = bytes(4 << 20)

    assert stored_as(zeros) == stored_as(zeros, options=Options(codec="zstd")) == "raw"


@pytest.mark.parametrize("codec", get_args(Codec))
@pytest.mark.parametrize("size", [9, 11])
def test_a_section_has_as_many_bytes_as_were_announced(codec: Codec, size: int) -> None:
    """One that has more or fewer is the caller's mistake, whatever the codec."""
    wrong = replace(draft(kinds.CUSTOM, "custom/a", b"ten bytes."), size=size)

    with pytest.raises(ValueError, match=rf"custom/a: expected {size} bytes"):
        written([wrong], options=Options(codec=codec))


WRONG: dict[str, list[Draft]] = {
    "nothing": [],
    "more than 4,096": [draft(kinds.CUSTOM, f"custom/{number}", b"") for number in range(4097)],
    "a name that climbs": [draft(kinds.CUSTOM, "../x", b"")],
    "a name outside ASCII": [draft(kinds.CUSTOM, "custom/\u00e4", b"")],
    "a long name": [draft(kinds.CUSTOM, "custom/" + "x" * 100, b"")],
    "one name twice": [draft(kinds.CUSTOM, "custom/a", b""), draft(kinds.CUSTOM, "custom/a", b"")],
    "one name in two types": [draft(kinds.CUSTOM, "a", b""), draft(kinds.DOCS, "a", b"")],
    "a name in capitals": [draft(kinds.CUSTOM, "custom/a", b""), draft(kinds.CUSTOM, "custom/A", b"")],
    "the manifest": [draft(kinds.CUSTOM, "manifest.json", b"")],
    "a dtype of no tensors": [draft(kinds.DOCS, "README.md", b"", dtype="float32")],
    "tensors of no dtype": [draft(kinds.ADAPTER, TENSORS, b"")],
    "a layer of no adapter": [draft(kinds.DOCS, "README.md", b"", layer=1)],
    "a layer that no model has": [draft(kinds.ADAPTER, TENSORS, b"", dtype="float32", layer=1 << 16)],
    "two dtypes": [draft(kinds.ADAPTER, TENSORS, b"", dtype=dtype, layer=at) for at, dtype in enumerate(DTYPES)],
    "20 MiB that compress beyond belief": [draft(kinds.CUSTOM, f"custom/{at}", bytes(1 << 20)) for at in range(20)],
}


@pytest.mark.parametrize("sections", WRONG.values(), ids=WRONG.keys())
def test_a_writer_refuses_what_a_reader_would(sections: list[Draft]) -> None:
    """Nobody gets a container that cannot be opened again."""
    with pytest.raises(FormatError):
        written(sections)


@pytest.mark.parametrize("metadata", [b"", b"{", bytes((1 << 20) + 1)], ids=["none", "one byte", "too much"])
def test_metadata_is_limited(metadata: bytes) -> None:
    """From 2 bytes to 1 MiB."""
    with pytest.raises(FormatError, match="metadata"):
        written(drafts(), metadata=metadata)


@pytest.mark.parametrize("alignment", [32, 96, 8192])
def test_an_alignment_that_is_none_is_refused(alignment: int) -> None:
    """Powers of two from 64 to 4,096 are."""
    with pytest.raises(FormatError, match="alignment"):
        written([draft(kinds.DOCS, "README.md", b"x")], options=Options(alignment=alignment))
