"""docs/osd.md says what the code does, and its examples are the golden files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from expertkit.osd import NAME, decode, encode
from expertkit.osd.file import blob, frames, indices, symbols, values
from expertkit.osd.settings import CODECS, INDICES, SCORES, SPACES
from tests.golden.osd_files import FILES, FOLDER
from tests.osd.builders import is_same

TEXT = (Path(__file__).parents[2] / "docs" / "osd.md").read_text(encoding="utf-8")
DUMPS = [
    b"".join(bytes.fromhex(line[10:57]) for line in block.splitlines())
    for block in re.findall(r"^```text\n(0000.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
]


def contents(data: bytes) -> list[bytes]:
    """What is in a file, however its frames were compressed: the header, then each group."""
    view = memoryview(data)
    header = blob.read_header(view)
    found = [bytes(frames.decompress(view[16 : header.start], size=int.from_bytes(data[12:16], "little")))]
    for number in range(len(header.sizes)):
        part = view[header.group(number)[0]]
        is_framed = header.settings.codec == "rdq"
        found.append(bytes(frames.decompress(part[4:], size=int.from_bytes(part[:4], "little")) if is_framed else part))
    return found


def section(number: int) -> str:
    """The text of a section."""
    return TEXT.split(f"\n## {number}. ")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", FILES)
def test_a_golden_file_is_read_and_written_the_same(name: str) -> None:
    """Its numbers are those that were written down, and its header and groups are what is written of them."""
    golden = (FOLDER / f"{name}.osd").read_bytes()

    assert is_same(decode(golden), FILES[name])
    assert contents(encode(FILES[name])) == contents(golden)


def test_the_first_example_is_the_golden_file() -> None:
    """The dump has all of its bytes, and the JSON is its header."""
    golden = (FOLDER / "example.osd").read_bytes()
    (header,) = re.findall(r"^```json\n(.*?)\n```$", TEXT, flags=re.MULTILINE | re.DOTALL)

    assert DUMPS[0] == golden
    assert contents(golden)[0] == header.encode()
    assert f"begins at 0x10 and ends at {blob.read_header(memoryview(golden)).start:#x}" in TEXT


def test_the_second_example_is_the_content_of_the_golden_group() -> None:
    """As it is before it is compressed."""
    assert contents((FOLDER / "example-rdq.osd").read_bytes())[1] == DUMPS[1]


def test_the_forms_of_indices_are_the_specified_ones() -> None:
    """With their numbers."""
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|", section(3), flags=re.MULTILINE)

    assert rows == [(str(number), form) for number, form in enumerate(indices.FORMS)]


def test_the_words_of_settings_are_the_specified_ones() -> None:
    """All of them, in section 2."""
    text = " ".join(section(2).split())

    for key, words in {"codec": CODECS, "indices": INDICES, "space": SPACES, "score": SCORES}.items():
        assert f"`{key}` one of {', '.join(f'`{word}`' for word in words)}" in text.replace(" is one of", " one of")
    assert f"`{NAME}`" in TEXT


def test_the_limits_are_the_specified_ones() -> None:
    """Those of sections 2, 4 and 5."""
    text = " ".join(TEXT.split())

    for words in (
        f"at most {blob._MOST_HEADER:,}",
        f"more than {blob._MOST_MODULES:,} modules",
        f"more than {blob._MOST_WIDTH:,}",
        f"{blob.FREE >> 20} MiB + {blob.RATIO} times",
        f"at least {blob._NUMBERS:,} numbers",
        "above 1,024 (512 where the adapter is whole",
        f"a float16 for each {values.GROUP} numbers",
        f"the widths {', '.join(map(str, symbols.WIDTHS[:-1]))} and {symbols.WIDTHS[-1]}",
        f"from -{symbols.LARGEST:,} to {symbols.LARGEST:,}",
    ):
        assert words in text, words
    assert blob.MAGIC == b"OSDADPT\x01"
