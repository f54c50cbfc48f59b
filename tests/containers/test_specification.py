"""The tables of docs/format.md are what the code has."""

from __future__ import annotations

import re
import struct
from itertools import accumulate
from pathlib import Path

from expertkit.containers import codecs, header, kinds, limits, toc
from expertkit.containers.toc import DTYPES
from tests.containers.builders import ENTRY, HEADER, Where

TEXT = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")


def table(section: int) -> list[list[str]]:
    """The rows of the first table in a section, without its head."""
    part = TEXT.split(f"\n## {section}. ")[1].split("\n## ")[0]
    rows = re.search(r"((?:^\|.*\n)+)", part, re.MULTILINE)
    assert rows is not None
    return [[cell.strip(" `") for cell in row.strip("|").split(" | ")] for row in rows[1].splitlines()[2:]]


def layout(places: dict[str, Where]) -> list[tuple[int, int]]:
    """Offset and size of each field."""
    return [(at, struct.calcsize("<" + kind)) for at, kind in places.values()]


def test_the_header_is_the_specified_one() -> None:
    """Field by field, without gaps, to its 128 bytes."""
    specified = [(int(row[0]), int(row[1])) for row in table(2)]

    assert specified == layout(HEADER)
    assert [at + size for at, size in specified] == [*accumulate(size for _at, size in specified)]
    assert sum(specified[-1]) == header.SIZE


def test_an_entry_is_the_specified_one() -> None:
    """Field by field, without gaps, to its 192 bytes."""
    specified = [(int(row[0]), int(row[1])) for row in table(3)]

    assert specified == layout(ENTRY)
    assert [at + size for at, size in specified] == [*accumulate(size for _at, size in specified)]
    assert sum(specified[-1]) == toc.SIZE


def test_the_types_are_the_specified_ones() -> None:
    """Numbers, words, and whether they hold tensors."""
    specified = {int(row[0].replace(",", "")): (row[1], row[3] == "yes") for row in table(4)}

    assert specified == {kind.number: (kind.word, kind.has_tensors) for kind in kinds.KINDS.values()}


def test_the_codecs_and_dtypes_are_the_specified_ones() -> None:
    """By their numbers."""
    dtypes = dict(re.findall(r"(\d) (B?F\d+)", " ".join(row[-1] for row in table(3))))

    assert {int(row[0]): row[1] for row in table(5)} == codecs.WORDS
    assert dtypes == {"1": "F32", "2": "F16", "3": "BF16"}
    assert DTYPES == {"none": 0, "float32": 1, "float16": 2, "bfloat16": 3}


def test_the_limits_are_the_specified_ones() -> None:
    """Those of sections 2, 5, 8 and 9."""
    values = {row[2]: row[3] for row in table(2)}
    assert (values["section count"], values["metadata length"]) == ("1 to 4,096", "2 to 1,048,576")
    for words in (
        "the file 4 GiB", "raw length 1 GiB and at most 1 MiB + 200 times its stored length",
        "together at most 16 MiB + 200 times the file's length", "window is at most 8 MiB", "(4 bytes, 1 to 65,536)",
        "number of signatures, 1 to 16",
    ):  # fmt: skip
        assert words in " ".join(TEXT.split())
    assert (limits.FILE, limits.SECTION, limits.FREE_SECTION, limits.FREE_FILE) == (4 << 30, 1 << 30, 1 << 20, 16 << 20)
    assert (limits.RATIO, limits.WINDOW, limits.SIGNATURES, limits.ENVELOPE) == (200, 8 << 20, 16, 65_536)
    assert (limits.SECTIONS, limits.METADATA) == (4096, 1 << 20)
